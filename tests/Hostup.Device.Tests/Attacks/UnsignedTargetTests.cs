using Hostup.Core.Wire;
using Hostup.Device.Tests.Agent;
using Hostup.Lab.Sim;

namespace Hostup.Device.Tests.Attacks;

/// <summary>The product's agent, and a thief of its server who names a new attempt at each poll: whatever he asks for, the device's media are left alone.</summary>
public sealed class UnsignedTargetTests
{
    [Theory]
    [InlineData("signed by a stranger")]
    [InlineData("no document")]
    [InlineData("not there")]
    [InlineData("cancelled at once")]
    [InlineData("back to an OS that never was")]
    public async Task What_no_trusted_key_signed_is_refused_at_each_poll_and_nothing_is_written(string what)
    {
        await using var scene = await AgentScene.MakeAsync();
        using var stranger = new OsBuilder();
        var envelope = scene.Server.Envelope(what == "no document" ? "{}"u8.ToArray() : stranger.Sign(SimRelease.Make("2.102.0", SimBehaviour.Good).Manifest(9)), what == "not there" ? Digest.Of("nothing"u8) : null);
        if (what == "not there")
            scene.Server.Files.Clear();
        scene.Server.Poll = new PollAnswer(1, null);
        await scene.PassAsync(TimeSpan.FromSeconds(1));
        int attempts = 0, before = scene.Sim.Power.Effects;
        scene.Server.Asked = path =>
        {
            if (path == "device/v1/poll")
                scene.Server.Poll = new PollAnswer(1, scene.Target with { AttemptId = $"{++attempts:x32}", ReleaseEnvelope = envelope, Cancel = what == "cancelled at once", Revert = what == "back to an OS that never was" });
        };

        await scene.PassAsync(TimeSpan.FromMinutes(10));

        Assert.True(attempts > 5, $"{attempts} attempts");
        Assert.Equal(attempts, scene.Requests("device/v1/attempts/")); // each end was told, once
        Assert.Equal(before, scene.Sim.Power.Effects);
    }

    [Fact]
    public async Task What_a_trusted_key_signed_has_an_account_that_a_restart_of_the_agent_keeps()
    {
        await using var scene = await AgentScene.MakeAsync();
        scene.Server.Busy["device/v1/updaters/"] = (503, null);

        await scene.PassAsync(TimeSpan.FromSeconds(1));

        Assert.True(new Updates.Account.AgentAccount(scene.Sim.Files, scene.Sim.Ports, scene.Sim.Ports, scene.Sim.Ports).IsKept(AgentScene.Attempt));
    }

    /// <summary>A journal would find no room, and nobody would hear why.</summary>
    [Fact]
    public async Task A_full_state_partition_refuses_a_target_before_a_process_begins_it()
    {
        await using var scene = await AgentScene.MakeAsync();
        scene.Sim.Files.Free[Updates.Files.Places.State] = (2 << 20) - 1;

        await scene.PassAsync(TimeSpan.FromSeconds(1));

        Assert.Equal((AttemptStates.Refused, "state-space"), (scene.Told.State, scene.Told.ErrorCode));
        Assert.Empty(new Updates.Run.AttemptLog(scene.Sim.Device).Records);
    }
}
