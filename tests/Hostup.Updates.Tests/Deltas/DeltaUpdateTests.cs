using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Checks;
using Hostup.Updates.Slots;

namespace Hostup.Updates.Tests.Deltas;

/// <summary>An update by delta: what it fetches, where it goes on after an interruption, and when the whole image takes its place.</summary>
public sealed class DeltaUpdateTests
{
    private static readonly long Whole = DeltaScene.New.Files.Sum(f => f.Value.LongLength);

    [Fact]
    public async Task An_update_comes_by_delta_and_nothing_else_is_fetched_of_the_image()
    {
        var scene = await DeltaScene.SetAsync();

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
        Assert.Empty(scene.Registry.AskedAt);
        Assert.Equal(scene.Delta.Content.Length, scene.Server.Given.Sum(g => g.Count));
        Assert.InRange(scene.Received("delta"), scene.Delta.Content.Length, scene.Delta.Content.Length + 1000);
        Assert.Equal(0, scene.Received("retried"));
        Assert.True(scene.Delta.Content.Length < Whole / 2, $"{scene.Delta.Content.Length} of {Whole}");
    }

    [Fact]
    public async Task A_second_update_is_a_delta_from_the_first_ones_tree_which_is_not_read_for_it()
    {
        var first = await new SimDevice(DeltaScene.Old, DeltaScene.New).RunAsync();

        Assert.Equal(DeltaScene.New.TreeDigest, RunningTree.Known(first.Device));
    }

    [Fact]
    public async Task The_digest_of_a_tree_that_nobody_noted_is_taken_once_and_outlives_the_format_of_the_spare()
    {
        var scene = await DeltaScene.SetAsync();
        Assert.Null(RunningTree.Known(scene.Device.Device));

        await scene.Device.Target.PlanAsync(scene.Device);
        SpareContent.Remember(scene.Device.Files, Guid.NewGuid(), DeltaScene.New.TreeDigest);

        Assert.Equal(DeltaScene.Old.TreeDigest, RunningTree.Known(scene.Device.Device));
    }

    [Fact]
    public async Task The_tree_that_runs_is_reported_once_somebody_read_it()
    {
        var scene = await DeltaScene.SetAsync();
        Assert.All(SlotIdentities.Read(scene.Device.Device, await DeviceFacts.ReadAsync(scene.Device.Device, default)), s => Assert.Null(s.TreeDigest));

        await scene.Device.Target.PlanAsync(scene.Device);

        var slots = SlotIdentities.Read(scene.Device.Device, await DeviceFacts.ReadAsync(scene.Device.Device, default));
        Assert.Equal(DeltaScene.Old.TreeDigest, slots[0].TreeDigest);
        Assert.Null(slots[1].TreeDigest);
    }

    [Fact]
    public async Task A_process_that_dies_after_each_checkpoint_goes_on_with_the_frame_that_was_under_way()
    {
        var (from, to) = DeltaScene.Large();
        var scene = await DeltaScene.SetAsync(from, to);
        scene.Device.Power.KillWhen = KillAfterEachCheckpoint.Of(scene.Device);

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
        int kills = scene.Device.Power.Kills;
        Assert.InRange(kills, 5, scene.Delta.Header.Frames.Count);
        long head = 64 << 10, frame = scene.Delta.Header.Frames.Max(f => f.StoredBytes);
        Assert.InRange(scene.Server.Given.Sum(g => g.Count) - scene.Delta.Content.Length, 0, kills * (head + frame));
        Assert.True(scene.Server.Given.Sum(g => g.Count) < 3 * scene.Delta.Content.Length, $"{scene.Server.Given.Sum(g => g.Count)} bytes of {scene.Delta.Content.Length}");
    }

    [Theory, InlineData(Unflushed.Lost), InlineData(Unflushed.Kept), InlineData(Unflushed.Torn)]
    public async Task A_power_cut_before_any_effect_of_a_delta_ends_on_the_new_os(Unflushed unflushed)
    {
        var whole = await DeltaScene.SetAsync(unflushed: unflushed);
        await whole.CommitAsync();
        int written = whole.Device.Power.Log.FindLastIndex(e => e.EndsWith("to spare", StringComparison.Ordinal));

        for (int cut = 1; cut <= written + 10; cut++)
        {
            var scene = await DeltaScene.SetAsync(cuts: [cut], unflushed: unflushed);
            await scene.CommitAsync();
            Assert.True(scene.Registry.AskedAt is [], $"cut before effect {cut}, {string.Join(", ", scene.Device.Power.CutBefore)}");
        }
    }

    [Fact]
    public async Task A_link_that_breaks_again_and_again_brings_no_byte_twice()
    {
        var (from, to) = DeltaScene.Large();
        var scene = await DeltaScene.SetAsync(from, to);
        scene.Server.BreaksEach = 200_000;

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
        Assert.Equal(scene.Delta.Content.Length, scene.Server.Given.Sum(g => g.Count));
        Assert.True(scene.Server.Given.Count > 15, $"{scene.Server.Given.Count} parts");
    }

    [Fact]
    public async Task Each_part_that_is_damaged_on_its_way_is_fetched_once_more()
    {
        var built = await SimDelta.BuildAsync(DeltaScene.Old, DeltaScene.New);
        foreach (long place in built.FrameStarts.SkipLast(1).Select(s => s + 1).Prepend(20))
        {
            var scene = await DeltaScene.SetAsync();
            (scene.Server.DamageAt, scene.Server.Damages) = (place, 1);

            await scene.CommitAsync();

            Assert.True(scene.BroughtBy == "delta", $"damaged at {place}: {scene.BroughtBy}");
            Assert.True(scene.Received("retried") > 0, $"damaged at {place}");
        }
    }

    [Fact]
    public async Task A_delta_that_is_damaged_anywhere_is_replaced_by_the_whole_image()
    {
        var built = await SimDelta.BuildAsync(DeltaScene.Old, DeltaScene.New);
        foreach (long place in built.FrameStarts.SkipLast(1).Select(s => s + 1).Prepend(20))
        {
            var scene = await DeltaScene.SetAsync();
            scene.Server.DamageAt = place;

            await scene.CommitAsync();

            Assert.True(scene.BroughtBy == "registry", $"damaged at {place}: {scene.BroughtBy}");
            Assert.Equal(Whole, scene.Registry.Bytes.Received);
        }
    }

    [Fact]
    public async Task An_old_file_that_was_changed_is_replaced_by_the_whole_image_and_what_the_delta_cost_is_told()
    {
        var scene = await DeltaScene.SetAsync();
        scene.Roots.Changed["usr/bin/engine"] = [.. DeltaScene.Old.Files["usr/bin/engine"].Select(b => (byte)(b ^ 1))];

        await scene.CommitAsync();

        Assert.Equal("registry", scene.BroughtBy);
        Assert.Contains(scene.Device.Ports.Notes, n => n.Contains("an old file has another content", StringComparison.Ordinal));
        Assert.InRange(scene.Received("retried"), 1, scene.Delta.Content.Length + 1000);
        Assert.Equal(Whole, scene.Received("registry"));
    }

    [Fact]
    public async Task A_file_that_is_copied_whole_and_was_changed_is_found_in_the_frame_that_uses_it()
    {
        byte[] same = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
        var (from, to) = (SimRelease.Make("2.100.0", SimBehaviour.Good, ballast: same), SimRelease.Make("2.101.0", SimBehaviour.Good, ballast: same));
        var scene = await DeltaScene.SetAsync(from, to);
        scene.Roots.Changed["usr/share/ballast"] = [.. same.Select(b => (byte)~b)];

        await scene.CommitAsync();

        Assert.Equal("registry", scene.BroughtBy);
        Assert.Contains(scene.Device.Ports.Notes, n => n.Contains("an old file has another content", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_running_root_that_cannot_be_read_costs_no_byte_of_a_delta()
    {
        var scene = await DeltaScene.SetAsync();
        scene.Roots.IsBroken = true;

        await scene.CommitAsync();

        Assert.Equal("registry", scene.BroughtBy);
        Assert.Empty(scene.Server.Given);
    }

    [Fact]
    public async Task A_tree_that_was_continued_and_turns_out_wrong_is_made_once_more_by_delta()
    {
        var (from, to) = DeltaScene.Large();
        var scene = await DeltaScene.SetAsync(from, to);
        var power = scene.Device.Power;
        var afterCheckpoint = KillAfterEachCheckpoint.Of(scene.Device);
        power.KillWhen = effect =>
        {
            if (power.Kills > 0 || !afterCheckpoint(effect) || SpareProgress.Load(scene.Device.Files)!.Place.Offset < 4)
                return false;
            scene.Device.SlotB.Files!["etc/os-release"] = [.. scene.Device.SlotB.Files["etc/os-release"].Select(b => (byte)~b)];
            return true;
        };

        await scene.CommitAsync();

        Assert.Equal((1, "delta"), (power.Kills, scene.BroughtBy));
        Assert.Empty(scene.Registry.AskedAt);
    }

    [Fact]
    public async Task What_is_left_of_an_image_is_fetched_when_it_is_less_than_the_delta()
    {
        var scene = await DeltaScene.SetAsync();
        scene.Device.SlotB.Format(Guid.Empty);
        foreach (var (path, content) in DeltaScene.New.Files)
            scene.Device.SlotB.Files![path] = content;
        scene.Device.SlotB.Flush();
        new SpareProgress { FileSystem = Guid.Empty, Image = scene.Device.Target.Release.Image.Digest, Place = new TreePlace(1, 0), WriterState = 1, Attempt = "an earlier one" }.Save(scene.Device.Files);

        await scene.CommitAsync();

        Assert.Equal("registry", scene.BroughtBy);
        Assert.Empty(scene.Server.Given);
        Assert.Equal(0, scene.Registry.Bytes.Received);
    }

    [Fact]
    public async Task A_delta_that_costs_less_than_what_is_left_of_an_image_begins_anew()
    {
        var scene = await DeltaScene.SetAsync();
        scene.Device.SlotB.Format(Guid.Empty);
        new SpareProgress { FileSystem = Guid.Empty, Image = scene.Device.Target.Release.Image.Digest, Place = new TreePlace(0, 1), WriterState = 0, Attempt = "an earlier one" }.Save(scene.Device.Files);

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
    }

    [Fact]
    public async Task Where_there_is_no_delta_wrong_content_of_the_registry_is_not_asked_for_again()
    {
        var scene = await DeltaScene.SetAsync(registry: new SimSource("registry", DeltaScene.New, corrupt: true));
        scene.Server.Missing = "none is worth it";

        await scene.Device.RunAsync();

        Assert.Equal("all-sources", scene.Device.End!.Error!.Code.Id);
        Assert.Contains("none is worth it", scene.Device.End.Error.Message, StringComparison.Ordinal);
        Assert.Single(scene.Registry.AskedAt);
    }
}
