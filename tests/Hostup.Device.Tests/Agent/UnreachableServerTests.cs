using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Device.Tests.Agent;

/// <summary>A server that hands out a target and is gone until the device runs the new OS: the end and the log of the attempt arrive later, and once.</summary>
public sealed class UnreachableServerTests : IAsyncLifetime
{
    private const string NewVersion = "2.101.0";
    // the report was taken, or there was nothing to tell
    private static HostupErrorCode? None => null;
    private readonly OsBuilder _builder = new();
    private readonly UnsureWay _way = new();
    private readonly Impostor _elsewhere = new();
    private RealServer _server = null!;
    private AwayDevice _device = null!;

    public async ValueTask InitializeAsync()
    {
        var release = SimRelease.Make(NewVersion, SimBehaviour.Good, trust: _builder.Trust(1).ToJson());
        var image = await _builder.BuildAsync(release);
        _elsewhere.Image(image);
        _server = await RealServer.StartAsync();
        _way.To = _server.Address;
        await _server.PublishAsync(image, _builder.Sign(_builder.Manifest(release, image, sequence: 5)));
        _device = new AwayDevice(_builder.Trust(1), release, _way.Address, await _server.ProvisioningKeyAsync());
        await _device.RegisterAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _device.Dispose();
        await _way.DisposeAsync();
        await _elsewhere.DisposeAsync();
        await _server.DisposeAsync();
        _builder.Dispose();
    }

    [Fact]
    public async Task An_update_ends_while_the_server_is_gone_and_its_end_and_log_arrive_later_and_once()
    {
        var attempt = await TakeAsync();
        await GoneAsync();

        await _device.RunAsync();

        Assert.Equal((AttemptStates.Committed, NewVersion), (_device.Sim.Outcome, _device.Sim.RunningRelease!.Version));
        Assert.NotEmpty(_device.TriedMeanwhile);
        Assert.All(_device.TriedMeanwhile, error => Assert.Equal(HostupErrors.Link, error));
        Assert.Equal(HostupErrors.Link, (await _device.ReportAsync()).Error);
        await BackAsync();
        Assert.Null((await _server.AttemptAsync(attempt.Id)).EndedAt);

        Assert.Equal(None, (await _device.ReportAsync()).Error);

        var told = await RequireEndAsync(attempt.Id);
        Assert.Equal("fallback", told.Report.Source);
        Assert.Equal((None, 0L), await _device.ReportAsync());
        Assert.Equal(told.Serial, (await _server.AttemptAsync(attempt.Id)).Serial);
    }

    [Fact]
    public async Task An_end_is_told_once_also_when_the_device_cannot_keep_that_the_server_has_it()
    {
        var attempt = await TakeAsync();
        await _device.RunAsync();
        _device.Sim.Files.StateFault = new SimStateFault(from: 0, onlyFlushes: false, untilReboot: false);

        var (first, second) = await _device.AgentAsync(async (link, reporting) =>
        {
            await reporting.ReportAsync(progress: null, default);
            long sent = link.Wire.Sent;
            await reporting.ReportAsync(progress: null, default);
            return (sent, link.Wire.Sent);
        });

        await RequireEndAsync(attempt.Id);
        Assert.True(first > 0 && second == first, $"{first} bytes, then {second}");
    }

    [Theory]
    [InlineData(1)] // to the report
    [InlineData(2)] // to the plan
    [InlineData(3)] // to how much of the log there is
    [InlineData(4)] // to the log
    public async Task An_answer_that_is_lost_makes_the_device_tell_its_end_again_and_the_server_takes_it_once(int lost)
    {
        var attempt = await TakeAsync();
        await GoneAsync();
        await _device.RunAsync();
        await BackAsync();
        _way.LosesAnswer = lost;

        await _device.ReportAsync();
        Assert.Equal(1, _way.Lost);
        var first = await _server.AttemptAsync(attempt.Id);
        Assert.Equal(None, (await _device.ReportAsync()).Error);

        var again = await RequireEndAsync(attempt.Id);
        Assert.Equal((first.EndedAt, first.Report.Serial), (again.EndedAt, again.Report.Serial));
        Assert.Equal((None, 0L), await _device.ReportAsync());
    }

    [Fact]
    public async Task A_newer_update_that_was_asked_for_meanwhile_waits_until_the_end_of_the_one_before_is_told()
    {
        var old = await TakeAsync();
        await GoneAsync();
        await _device.RunAsync();
        await BackAsync();
        var newer = await _server.UpdateAsync(AwayDevice.Uuid, new UpdateRequest { Release = NewVersion, Reinstall = true });

        await _device.AgentAsync(async (link, reporting) =>
        {
            var target = (await link.PollAsync(default)).Target!;
            Assert.Equal(newer.Id, target.AttemptId);
            Assert.True(reporting.HoldsBack(target));
            await reporting.ReportAsync(progress: null, default);
            Assert.False(reporting.HoldsBack(target));
            return 0;
        });

        await RequireEndAsync(old.Id);
        var untouched = await _server.AttemptAsync(newer.Id);
        Assert.Equal((AttemptStates.Queued, null), (untouched.Report.State, untouched.EndedAt));
        // whatever is still said of the old one is too late, for it and for the newer one
        await _device.AgentAsync((link, _) => link.ReportAsync(old.Id, new AttemptReport { Serial = long.MaxValue, State = AttemptStates.Failed }, default));
        await RequireEndAsync(old.Id);
        Assert.Equal(untouched.Serial, (await _server.AttemptAsync(newer.Id)).Serial);
        Assert.Equal(newer.Id, (await _device.TakeTargetAsync()).AttemptId);
    }

    [Fact]
    public async Task A_server_that_takes_everything_but_the_end_keeps_no_update_back_for_ever_and_gets_that_end_later_and_once()
    {
        var old = await TakeAsync();
        await GoneAsync();
        await _device.RunAsync();
        await BackAsync();
        await _server.UpdateAsync(AwayDevice.Uuid, new UpdateRequest { Release = NewVersion, Reinstall = true });
        var newer = await _device.TakeTargetAsync();

        int waits = await _device.AgentAsync((_, reporting) => Task.FromResult(Enumerable.Range(0, 100).TakeWhile(_ => reporting.HoldsBack(newer)).Count()));
        await BeginAsync(newer);

        Assert.Equal(10, waits);
        Assert.Null((await _server.AttemptAsync(old.Id)).EndedAt);
        long again = await _device.AgentAsync(async (link, _) =>
        {
            Assert.True(Ends(link).Has(old.Id));
            await Ends(link).TellAsync(default);
            Assert.False(Ends(link).Has(old.Id));
            long sent = link.Wire.Sent;
            await Ends(link).TellAsync(default);
            return link.Wire.Sent - sent;
        });
        Assert.Equal(0, again);
        await RequireEndAsync(old.Id);
    }

    [Fact]
    public async Task What_the_server_had_of_the_log_of_an_end_that_was_laid_aside_is_not_sent_again()
    {
        var old = await TakeAsync();
        await GoneAsync();
        await _device.RunAsync();
        await BackAsync();
        _way.LosesAnswer = 4; // to the log
        await _device.ReportAsync();
        Assert.Equal(1, _way.Lost);
        await _server.UpdateAsync(AwayDevice.Uuid, new UpdateRequest { Release = NewVersion, Reinstall = true });

        await BeginAsync(await _device.TakeTargetAsync());
        await _device.AgentAsync(async (link, _) =>
        {
            Assert.True(Ends(link).Has(old.Id));
            await Ends(link).TellAsync(default);
            return 0;
        });

        await RequireEndAsync(old.Id);
    }

    [Fact]
    public async Task A_state_partition_that_takes_no_write_hides_no_end_and_keeps_no_newer_update_back()
    {
        var attempt = await TakeAsync();
        await GoneAsync();
        await _device.RunAsync();
        await BackAsync();
        _device.Sim.Files.BrokenPath = Places.State;
        var newer = new DeviceTarget { AttemptId = new string('b', 32), Version = NewVersion, ReleaseEnvelope = Digest.Of("x"u8) };

        var (held, again) = await _device.AgentAsync(async (link, reporting) =>
        {
            await reporting.ReportAsync(progress: null, default);
            long sent = link.Wire.Sent;
            await reporting.ReportAsync(progress: null, default);
            return (reporting.HoldsBack(newer), link.Wire.Sent - sent);
        });

        Assert.Equal((false, 0L), (held, again));
        await RequireEndAsync(attempt.Id);
    }

    [Fact]
    public async Task A_server_that_was_put_back_to_a_backup_gets_the_end_and_the_whole_log_again()
    {
        var attempt = await TakeAsync();
        await GoneAsync();
        string backup = _server.BackUp();
        await _device.RunAsync();
        await BackAsync();

        await _device.AgentAsync(async (link, reporting) =>
        {
            await reporting.ReportAsync(progress: null, default);
            await RequireEndAsync(attempt.Id);
            await GoneAsync();
            _server.PutBack(backup);
            await BackAsync();
            Assert.Equal(attempt.Id, (await link.PollAsync(default)).Target!.AttemptId);
            reporting.TellAgain();
            return await reporting.ReportAsync(progress: null, default);
        });

        await RequireEndAsync(attempt.Id);
    }

    [Fact]
    public async Task An_attempt_that_the_server_does_not_know_is_told_once()
    {
        await TakeAsync();
        _device.Sim.Target = _device.Sim.Target with { AttemptId = new string('c', 32) };
        await _device.RunAsync();

        Assert.Equal(HostupErrors.NotFound, (await _device.ReportAsync()).Error);

        Assert.Equal((None, 0L), await _device.ReportAsync());
    }

    [Fact]
    public async Task The_end_of_an_update_that_was_never_begun_arrives_later_and_once_too()
    {
        var attempt = await TakeAsync();
        await GoneAsync();
        await _device.AgentAsync(async (link, _) =>
        {
            var ends = new EndsToTell(_device.Sim.Files, link);
            ends.Add(attempt.Id, new AttemptReport { Serial = 1_000_000, State = AttemptStates.Refused, ErrorCode = "signature", Message = "cannot believe the release" });
            return (await Assert.ThrowsAsync<HostupException>(() => ends.TellAsync(default))).Code;
        });
        await BackAsync();
        _way.LosesAnswer = 1;

        long sent = await _device.AgentAsync(async (link, _) =>
        {
            var ends = new EndsToTell(_device.Sim.Files, link);
            await Assert.ThrowsAsync<HostupException>(() => ends.TellAsync(default));
            Assert.True(ends.Has(attempt.Id));
            await ends.TellAsync(default);
            Assert.False(ends.Has(attempt.Id));
            long before = link.Wire.Sent;
            await new EndsToTell(_device.Sim.Files, link).TellAsync(default);
            return link.Wire.Sent - before;
        });

        Assert.Equal((1, 0), (_way.Lost, sent));
        var view = await _server.AttemptAsync(attempt.Id);
        Assert.Equal((AttemptStates.Refused, "signature"), (view.Report.State, view.Report.ErrorCode));
        Assert.Single(view.History, e => e.State == AttemptStates.Refused);
    }

    private async Task<AttemptView> TakeAsync()
    {
        var attempt = await _server.UpdateAsync(AwayDevice.Uuid, new UpdateRequest { Release = NewVersion, FallbackRegistries = [_elsewhere.Base.ToString()] });
        Assert.Equal(attempt.Id, (await _device.TakeTargetAsync()).AttemptId);
        return attempt;
    }

    /// <summary>As the update process begins it, whoever asked for it; it ends at once.</summary>
    private async Task BeginAsync(DeviceTarget target)
    {
        _device.Sim.Ports.Wishes = AttemptWishes.Cancel;
        var begin = new UpdateBeginning(new TargetFile(target, _device.Sim.Target.Envelope, []), Saved: null);
        await begin.StartAsync(_device.Sim.Device, new UpdateRun(_device.Sim.Device, _device.Sim.Ports, _ => _device.Sim.Sources), default);
        var log = new AttemptLog(_device.Sim.Device);
        Assert.Equal((target.AttemptId, false), (log.Records[0].AttemptId, log.IsOpen));
    }

    private EndsToTell Ends(ServerLink link) => new(_device.Sim.Files, link, _device.Data, _device.Memory);

    private async Task GoneAsync()
    {
        _way.To = null;
        await _server.StopAsync();
    }

    private async Task BackAsync()
    {
        await _server.StartAgainAsync();
        _way.To = _server.Address;
    }

    /// <summary>The server has the end of the attempt, once, and the whole log.</summary>
    private async Task<AttemptView> RequireEndAsync(string attempt)
    {
        var view = await _server.AttemptAsync(attempt);
        Assert.Equal(AttemptStates.Committed, view.Report.State);
        Assert.NotNull(view.EndedAt);
        Assert.Single(view.History, e => e.State == AttemptStates.Committed);
        string log = _device.ReadLog(attempt);
        Assert.Contains("rebooting", log, StringComparison.Ordinal);
        Assert.Equal(log, Encoding.UTF8.GetString(await _server.LogAsync(attempt)));
        return view;
    }
}
