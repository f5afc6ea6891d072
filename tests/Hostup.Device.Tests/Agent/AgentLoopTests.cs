using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;

namespace Hostup.Device.Tests.Agent;

/// <summary>An agent on media that fail: it goes on, and its server hears why nothing happens.</summary>
public sealed class AgentLoopTests : IAsyncLifetime
{
    private AgentScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await AgentScene.MakeAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task An_updater_that_no_place_keeps_ends_the_attempt_with_its_reason_and_the_agent_polls_on()
    {
        await File.WriteAllTextAsync(_scene.Root.FullName + "/mnt", "no folder can be made here");
        await File.WriteAllTextAsync(_scene.Root.FullName + "/run", "nor here");

        _scene.Sim.Ports.Now += (await _scene.Agent.TurnAsync(default))!.Value;
        Assert.NotNull(await _scene.Agent.TurnAsync(default));

        Assert.Equal((AttemptStates.Failed, "medium"), (_scene.Told.State, _scene.Told.ErrorCode));
        Assert.StartsWith("cannot keep the updater: ", _scene.Told.Message, StringComparison.Ordinal);
        Assert.Equal(2, _scene.Polls);
    }

    [Theory]
    [InlineData(Places.Journal, "medium", "cannot tell whether an update is under way: ")]
    [InlineData(Places.State, "medium", "cannot tell whether an update is under way: ")]
    [InlineData(Places.Boot, "boot-environment", "cannot read boot environment ")]
    public async Task A_device_that_cannot_tell_where_it_stands_is_heard_of_and_begins_nothing(string unreadable, string code, string says)
    {
        _scene.Sim.Files.UnreadablePath = unreadable;

        Assert.NotNull(await _scene.Agent.TurnAsync(default));

        Assert.Equal((AttemptStates.Waiting, code), (_scene.Told.State, _scene.Told.ErrorCode));
        Assert.StartsWith(says, _scene.Told.Message, StringComparison.Ordinal);
        Assert.Equal(1, _scene.Polls);
        Assert.DoesNotContain(_scene.Server.Requests, r => r.StartsWith("device/v1/envelopes/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_revert_to_a_slot_that_holds_nothing_is_refused_by_name_and_fetches_nothing()
    {
        _scene.Server.Poll = new PollAnswer(900, _scene.Target with { Revert = true, ReleaseEnvelope = Digest.Of([]), Updater = null });

        Assert.NotNull(await _scene.Agent.TurnAsync(default));

        Assert.Equal((AttemptStates.Refused, "old-os"), (_scene.Told.State, _scene.Told.ErrorCode));
        Assert.StartsWith("cannot go back to the OS on resin-rootB: ", _scene.Told.Message, StringComparison.Ordinal);
        Assert.Equal(0, _scene.Requests("device/v1/envelopes/") + _scene.Requests("device/v1/updaters/"));
    }

    [Fact]
    public async Task What_it_runs_is_told_also_where_the_boot_partition_cannot_be_read()
    {
        _scene.Sim.Files.UnreadablePath = Places.Boot;

        await _scene.Agent.TurnAsync(default);

        Assert.Contains("2.100.0", _scene.Server.Sent["device/v1/state"], StringComparison.Ordinal);
        Assert.IsType<GrubEnvironment>(BootEnvironments.Find(_scene.Sim.Files, "", () => (2, 3)));
    }

    [Fact]
    public async Task A_state_partition_on_which_no_journal_can_be_made_is_no_end_of_the_agent()
    {
        _scene.Sim.Files.Delete(Places.Journal);
        _scene.Sim.Files.BrokenPath = Places.State;

        await _scene.Agent.RunAsync(new CancellationToken(canceled: true));

        Assert.Null(_scene.Sim.Files.Length(Places.Journal));
        Assert.NotNull(await _scene.Agent.TurnAsync(default));
        Assert.Equal(1, _scene.Polls);
    }
}
