using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Device.Tests.Agent;

/// <summary>Ends that no journal tells of any more: which are kept, and that the server gets each.</summary>
public sealed class EndsToTellTests : IAsyncLifetime
{
    private static readonly string First = new('1', 32), Second = new('2', 32);
    private AgentScene _scene = null!;

    private SimDevice Sim => _scene.Sim;

    private IReadOnlyList<string> Left => [.. LeftEnds.Of(Sim.Files).Select(l => l.End.Attempt)];

    public async ValueTask InitializeAsync() => _scene = await AgentScene.MakeAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task The_end_of_an_attempt_is_kept_before_another_takes_over_its_journal()
    {
        await RunAsync(First, AttemptStates.Failed);

        LeftEnds.Leave(Sim.Device, Second);
        LeftEnds.Leave(Sim.Device, Second);

        var left = Assert.Single(LeftEnds.Of(Sim.Files));
        Assert.Equal((First, AttemptStates.Failed, "link", "the link broke"), (left.End.Attempt, left.End.Report.State, left.End.Report.ErrorCode, left.End.Report.Message));
    }

    [Fact]
    public async Task What_the_kernel_said_last_is_kept_with_the_end_of_a_rollback()
    {
        await RunAsync(First, AttemptStates.RolledBack);
        AtomicFile.Write(Sim.Files, Places.KernelMessages, "Kernel panic - not syncing"u8);

        LeftEnds.Leave(Sim.Device, Second);

        Assert.Equal("Kernel panic - not syncing", Assert.Single(LeftEnds.Of(Sim.Files)).End.Report.KernelMessages);
    }

    [Fact]
    public async Task Nothing_is_kept_of_an_attempt_that_is_open_or_begins_again_or_whose_end_the_server_has()
    {
        await RunAsync(First, outcome: null);
        LeftEnds.Leave(Sim.Device, Second);
        new AttemptLog(Sim.Device).End(AttemptStates.Failed, "link", "the link broke");
        LeftEnds.Leave(Sim.Device, First);
        AtomicFile.Write(Sim.Files, Places.Hostup + "/acknowledged", Encoding.ASCII.GetBytes(First));
        LeftEnds.Leave(Sim.Device, Second);

        Assert.Empty(Left);
    }

    [Fact]
    public async Task The_newest_sixteen_are_kept()
    {
        string[] attempts = [.. Enumerable.Range(1, 18).Select(n => n.ToString("x32", CultureInfo.InvariantCulture))];
        foreach (string attempt in attempts)
        {
            await RunAsync(attempt, AttemptStates.Failed);
            LeftEnds.Leave(Sim.Device, Second);
        }

        Assert.Equal(attempts[2..], Left);
        Assert.All(Sim.State.Paths.Where(p => p.Contains("/left-ends/", StringComparison.Ordinal)), p => Assert.Contains(Left, a => p.Contains(a, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_state_partition_that_takes_no_write_keeps_no_attempt_from_being_begun()
    {
        await RunAsync(First, AttemptStates.Failed);
        Sim.Files.BrokenPath = Places.State;

        LeftEnds.Leave(Sim.Device, Second);

        Assert.Empty(Left);
    }

    /// <summary>An answer that no Hostup server gives looks like a link that is broken: then the others come first the next time.</summary>
    [Theory]
    [InlineData(500, 1)]
    [InlineData(400, 2)]
    public async Task One_end_that_the_server_cannot_take_keeps_no_other_back(int status, int turns)
    {
        await RunAsync(First, AttemptStates.Failed);
        LeftEnds.Leave(Sim.Device, Second);
        string unbegun = new('3', 32);
        _scene.Server.Busy[$"device/v1/attempts/{unbegun}"] = (status, null);
        var ends = new EndsToTell(Sim.Files, _scene.Link, _scene.Root.FullName, _scene.Root.FullName + "/memory");
        ends.Add(unbegun, new AttemptReport { Serial = 1_000_000, State = AttemptStates.Refused });
        _scene.Server.Files[$"device/v1/attempts/{First}"] = """{"cancel":false,"state":"failed"}"""u8.ToArray();

        for (int turn = 0; turn < turns; turn++)
        {
            Assert.True(ends.Has(First));
            await Assert.ThrowsAsync<HostupException>(() => ends.TellAsync(default));
        }

        Assert.Equal((true, false), (ends.Has(unbegun), ends.Has(First)));
        Assert.Empty(Left);
        Assert.Contains("the link broke", _scene.Server.Sent[$"device/v1/attempts/{First}"], StringComparison.Ordinal);
    }

    /// <summary>The server still asks for it, as it has not taken its end; meanwhile somebody ran another one by hand.</summary>
    [Fact]
    public async Task An_attempt_whose_end_was_laid_aside_is_not_begun_again()
    {
        await RunAsync(AgentScene.Attempt, AttemptStates.Failed);
        LeftEnds.Leave(Sim.Device, Second);
        await RunAsync(Second, AttemptStates.Failed);
        _scene.Server.Busy[$"device/v1/attempts/{AgentScene.Attempt}"] = (500, null);

        await _scene.Agent.TurnAsync(default);
        await _scene.Agent.TurnAsync(default);

        Assert.Equal([AgentScene.Attempt], Left);
        Assert.DoesNotContain(_scene.Server.Requests, r => r.StartsWith("device/v1/envelopes/", StringComparison.Ordinal));
        _scene.Server.Busy.Clear();
        _scene.Server.Poll = new PollAnswer(900, null);
        await _scene.Agent.TurnAsync(default);
        Assert.Empty(Left);
    }

    /// <summary>One that waits for its window may run for weeks.</summary>
    [Fact]
    public async Task An_end_is_told_beside_the_update_that_runs()
    {
        await RunAsync(AgentScene.Attempt, AttemptStates.Failed);
        LeftEnds.Leave(Sim.Device, Second);
        await RunAsync(Second, outcome: null);
        _scene.Server.Files[$"device/v1/attempts/{Second}"] = "{\"cancel\":false}"u8.ToArray();
        _scene.Server.Poll = new PollAnswer(900, null);
        _scene.Unit("active");

        await _scene.Agent.TurnAsync(default);

        Assert.Empty(Left);
        Assert.Contains("the link broke", _scene.Server.Sent[$"device/v1/attempts/{AgentScene.Attempt}"], StringComparison.Ordinal);
    }

    /// <summary>The journal of an attempt as somebody ran it; open where there is no outcome.</summary>
    private async Task RunAsync(string attempt, string? outcome)
    {
        var plan = await Sim.Target.PlanAsync(Sim);
        plan = plan with { AttemptId = attempt };
        var log = new AttemptLog(Sim.Device);
        log.Open(plan, Digest.Of(plan.ToJson()));
        if (outcome is not null)
            log.End(outcome, "link", "the link broke");
    }
}
