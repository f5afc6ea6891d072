using Hostup.Core.Wire;
using Hostup.Lab.Sim;

namespace Hostup.Updates.Tests.Deltas;

/// <summary>How long a delta is waited for before the whole image is fetched.</summary>
public sealed class DeltaWaitTests
{
    [Fact]
    public async Task A_delta_that_is_being_made_is_waited_for_and_asked_for_as_the_server_says()
    {
        var scene = await DeltaScene.SetAsync();
        scene.Server.ReadyAt = scene.Device.Device.Clock.Elapsed + TimeSpan.FromMinutes(4);

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
        Assert.Empty(scene.Registry.AskedAt);
        Assert.Contains(scene.Device.Ports.Notes, n => n.Contains("the server is still making it", StringComparison.Ordinal));
        Assert.Contains(AttemptStates.PreparingDelta, scene.Device.Ports.States);
        Assert.DoesNotContain(AttemptStates.Waiting, scene.Device.Ports.States);
        // The plan, check-device and write-slot ask one after another; then each 30 s at the soonest.
        var pauses = scene.Server.AskedAt.Zip(scene.Server.AskedAt.Skip(1), (a, b) => b - a).Skip(2).ToList();
        Assert.All(pauses, p => Assert.InRange(p, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(91)));
        Assert.InRange(pauses.Count, 3, 9);
    }

    [Theory, InlineData(60), InlineData(900)]
    public async Task A_delta_that_is_not_ready_as_long_as_the_policy_waits_gives_way_to_the_whole_image(int seconds)
    {
        var scene = await DeltaScene.SetAsync(policy: new UpdatePolicy { DeltaWaitSeconds = seconds });
        scene.Server.ReadyAt = scene.Device.Device.Clock.Elapsed + TimeSpan.FromHours(10);

        await scene.CommitAsync();

        Assert.Equal("registry", scene.BroughtBy);
        var waited = scene.Registry.AskedAt.Single() - scene.Server.AskedAt[2];
        Assert.InRange(waited, TimeSpan.FromSeconds(seconds - 31), TimeSpan.FromSeconds(seconds + 1));
    }

    [Fact]
    public async Task Who_has_no_delta_is_not_waited_for()
    {
        var scene = await DeltaScene.SetAsync();
        scene.Server.Missing = "the running tree is not known here";
        var began = scene.Device.Device.Clock.Elapsed;

        await scene.CommitAsync();

        Assert.Equal("registry", scene.BroughtBy);
        Assert.InRange(scene.Registry.AskedAt.Single() - scene.Server.AskedAt[^1], TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.True(scene.Registry.AskedAt.Single() - began < TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task A_link_that_is_gone_in_the_middle_is_waited_for_and_then_the_whole_image_begins_anew()
    {
        var (from, to) = DeltaScene.Large();
        var scene = await DeltaScene.SetAsync(from, to, policy: new UpdatePolicy { DeltaWaitSeconds = 600 });
        (scene.Server.BreaksEach, scene.Server.ThenGone) = (700_000, true);

        await scene.CommitAsync();

        Assert.Equal("registry", scene.BroughtBy);
        Assert.True(scene.Registry.AskedAt.Single() - scene.Server.AskedAt[1] >= TimeSpan.FromSeconds(569));
        Assert.Equal(to.Files.Sum(f => f.Value.LongLength), scene.Received("registry"));
        Assert.True(scene.Received("retried") >= 700_000, $"{scene.Received("retried")} bytes retried");
    }

    [Fact]
    public async Task A_link_that_comes_back_while_it_is_waited_for_goes_on_with_the_delta()
    {
        var (from, to) = DeltaScene.Large();
        var scene = await DeltaScene.SetAsync(from, to);
        (scene.Server.BreaksEach, scene.Server.ThenGone) = (700_000, true);
        var (device, server) = (scene.Device, scene.Server);
        TimeSpan? gone = null;
        device.Ports.Meanwhile = _ =>
        {
            if (server.IsDown)
                gone ??= device.Device.Clock.Elapsed;
            if (server.IsDown && device.Device.Clock.Elapsed - gone > TimeSpan.FromMinutes(7))
                (server.IsDown, server.ThenGone, server.BreaksEach) = (false, false, null);
        };

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
        Assert.Contains(AttemptStates.Waiting, device.Ports.States);
        Assert.DoesNotContain(AttemptStates.PreparingDelta, device.Ports.States);
        Assert.NotNull(gone);
        Assert.Equal(scene.Delta.Content.Length, server.Given.Sum(g => g.Count));
    }

    [Fact]
    public async Task A_link_that_brings_a_frame_in_many_pieces_is_waited_for_as_long_as_something_comes()
    {
        var (from, to) = DeltaScene.Large();
        var scene = await DeltaScene.SetAsync(from, to, policy: new UpdatePolicy { DeltaWaitSeconds = 20 });
        scene.Server.BreaksEach = 50_000;

        await scene.CommitAsync();

        Assert.Equal("delta", scene.BroughtBy);
        Assert.True(scene.Delta.Header.Frames.Max(f => f.StoredBytes) > 1_000_000);
        Assert.Equal(scene.Delta.Content.Length, scene.Server.Given.Sum(g => g.Count));
    }

    [Fact]
    public async Task The_patience_of_the_policy_begins_behind_the_wait_for_a_delta()
    {
        var registry = new SimSource("registry", DeltaScene.New, breakAfterEntries: 0) { Claims = true };
        var scene = await DeltaScene.SetAsync(registry: registry, policy: new UpdatePolicy { DeltaWaitSeconds = 600, PatienceSeconds = 1200 });
        scene.Server.ReadyAt = scene.Device.Device.Clock.Elapsed + TimeSpan.FromDays(10);

        await scene.Device.RunAsync();

        Assert.Equal("all-sources", scene.Device.End!.Error!.Code.Id);
        Assert.InRange(registry.AskedAt[^1] - registry.AskedAt[0], TimeSpan.FromSeconds(1100), TimeSpan.FromSeconds(1300));
    }
}
