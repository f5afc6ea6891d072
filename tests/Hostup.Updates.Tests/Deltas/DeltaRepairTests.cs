using Hostup.Lab.Sim;

namespace Hostup.Updates.Tests.Deltas;

/// <summary>What a frame of a delta cannot give is read from the image, and nothing that is on the spare already is fetched for it.</summary>
public sealed class DeltaRepairTests
{
    [Fact]
    public async Task An_old_file_that_was_changed_is_fetched_from_the_image_and_the_rest_comes_by_delta()
    {
        var scene = await SetAsync();

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
        Assert.Empty(scene.Registry.AskedAt);
        Assert.Contains(scene.Device.Ports.Notes, n => n.Contains("an old file has another content", StringComparison.Ordinal));
        Assert.InRange(scene.Server.Literal.Sum(l => l.Count), 9000, 9000 + 4000);
        Assert.InRange(scene.Received("retried"), 1, scene.Delta.Header.Frames.Max(f => f.StoredBytes));
    }

    [Fact]
    public async Task A_file_that_is_copied_whole_and_was_changed_is_fetched_and_its_neighbours_stay_copies()
    {
        byte[] same = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
        var (from, to) = (SimRelease.Make("2.100.0", SimBehaviour.Good, ballast: same), SimRelease.Make("2.101.0", SimBehaviour.Good, ballast: same));
        var scene = await DeltaScene.SetAsync(from, to);
        scene.Server.HasRepairs = true;
        scene.Roots.Changed["usr/share/ballast"] = [.. same.Select(b => (byte)~b)];

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
        Assert.InRange(scene.Server.Literal.Sum(l => l.Count), 5000, 5000 + 4000);
    }

    [Fact]
    public async Task A_frame_that_is_damaged_on_the_server_is_made_of_the_image()
    {
        var built = await SimDelta.BuildAsync(DeltaScene.Old, DeltaScene.New);
        foreach (long place in built.FrameStarts.Skip(1).SkipLast(1).Select(s => s + 1))
        {
            var scene = await DeltaScene.SetAsync();
            scene.Server.HasRepairs = true;
            scene.Server.DamageAt = place;

            await scene.CommitAsync();

            Assert.True(scene.BroughtBy == "delta", $"damaged at {place}: {scene.BroughtBy}");
            Assert.NotEmpty(scene.Server.Literal);
        }
    }

    [Fact]
    public async Task A_listing_that_is_damaged_has_no_other_source_than_the_whole_image()
    {
        var scene = await DeltaScene.SetAsync();
        scene.Server.HasRepairs = true;
        scene.Server.DamageAt = scene.Delta.FrameStarts[0] + 1;

        await scene.CommitAsync();

        Assert.Equal("registry", scene.BroughtBy);
        Assert.Empty(scene.Server.Literal);
    }

    [Theory, InlineData(Unflushed.Lost), InlineData(Unflushed.Torn)]
    public async Task A_power_cut_before_any_effect_of_a_repair_ends_on_the_new_os(Unflushed unflushed)
    {
        var whole = await SetAsync(unflushed: unflushed);
        await whole.CommitAsync();
        int written = whole.Device.Power.Log.FindLastIndex(e => e.EndsWith("to spare", StringComparison.Ordinal));

        for (int cut = 1; cut <= written + 10; cut++)
        {
            var scene = await SetAsync([cut], unflushed);
            await scene.CommitAsync();
            Assert.True(scene.Registry.AskedAt is [], $"cut before effect {cut}, {string.Join(", ", scene.Device.Power.CutBefore)}");
        }
    }

    [Fact]
    public async Task A_link_that_breaks_in_a_repair_is_tried_again()
    {
        var scene = await SetAsync();
        scene.Server.BreaksLiteralAfter = 100;

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
        Assert.Null(scene.Server.BreaksLiteralAfter);
        Assert.InRange(scene.Server.Literal.Sum(l => l.Count), 9000, 9000 + 8000);
    }

    [Fact]
    public async Task A_running_tree_with_other_names_is_not_repaired()
    {
        var scene = await SetAsync();
        scene.Roots.Changed["usr/bin/engine"] = [.. DeltaScene.Old.Files["usr/bin/engine"], 1];

        await scene.CommitAsync();

        Assert.Equal("registry", scene.BroughtBy);
        Assert.Empty(scene.Server.Literal);
    }

    /// <summary>A device on which somebody changed the engine, and a server that says where contents lie in the image.</summary>
    private static async Task<DeltaScene> SetAsync(IReadOnlyList<int>? cuts = null, Unflushed unflushed = Unflushed.Lost)
    {
        var scene = await DeltaScene.SetAsync(cuts: cuts, unflushed: unflushed);
        scene.Server.HasRepairs = true;
        scene.Roots.Changed["usr/bin/engine"] = [.. DeltaScene.Old.Files["usr/bin/engine"].Select(b => (byte)(b ^ 1))];
        return scene;
    }
}
