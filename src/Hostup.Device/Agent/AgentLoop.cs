using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Linux.Machines;
using Hostup.Updates.Account;
using Hostup.Updates.Checks;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Policies;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;
using Hostup.Updates.Supervisor;
using Hostup.Updates.Trust;

namespace Hostup.Device.Agent;

/// <summary>Polls the server, starts updates and reports on them. It decides nothing about how an update is done.</summary>
internal sealed class AgentLoop(ThisDevice device, DeviceConfig config, ServerLink server, AgentWake wake)
{
    // Who is asked for an update is watched: a report a second while a process works on it.
    private static readonly TimeSpan Watching = TimeSpan.FromSeconds(1);
    // An attempt that is open is looked at, whatever the server does.
    private static readonly TimeSpan Looking = TimeSpan.FromSeconds(20);
    // The old OS looks at what failed on the new one for a quarter of an hour, as a rule.
    private static readonly TimeSpan LooksBack = TimeSpan.FromMinutes(30);

    private readonly UpdateUnit _unit = new(device.Commands);
    private readonly DeviceTrust _trust = new(device.Ports.Files);
    private readonly UpdaterStore _updaters = new(server, new DeviceTrust(device.Ports.Files), device.Root);
    private readonly DeviceKeys _keys = new(config, server, device.Ports.Files, device.Ports.Clock);
    private readonly AttemptLog _log = new(device.Ports);
    private readonly AttemptMeter _meter = new(server, new AgentAccount(device.Ports.Files, device.Ports.Network, device.Ports.Power, device.Ports.Clock));
    private readonly Standing _standing = new(device.Ports);
    private readonly TargetHold _hold = new(device.Ports, server);
    private readonly ServerPace _pace = new(device.Ports.Clock, config.Uuid ?? device.Ports.Power.BootId);
    private readonly ResumePace _resumes = new(device.Ports.Clock);
    private readonly UpdateStarts _starts = new();
    private readonly LaterSupervisor _supervisor = new(device.Ports.Clock, new SlotSupervisor(device.Ports).ReconcileAsync);
    private AttemptReporting Reporting => field ??= new(device.Ports, server, _meter, new AttemptDocuments(server, device.Ports.Files, device.Root + LogFiles.Data, device.Root + LogFiles.Memory));
    private UpdateWatch Watch => field ??= new(_log, Reporting, _meter, new RunningAttempt(server, _log, TakeTrustAsync) { TellEnds = Ends.TryTellAsync });
    private EndsToTell Ends => field ??= new(device.Ports.Files, server, device.Root + LogFiles.Data, device.Root + LogFiles.Memory);
    private AttemptUpdater Updater => field ??= new(device.Ports, _updaters, _meter);
    private StateReporting State => field ??= new(device.Ports, server, _trust);
    private TargetIntake Intake => field ??= new(server, _updaters, _trust) { Spent = _meter.Spend, Believed = _meter.Account.Confirm, Received = _meter.Account.Fetched, Policy = target => OwnPolicy.Load(device.Ports.Files).Over(target.Policy) };
    private TimeSpan _look = TimeSpan.MaxValue;
    private string _trustFault = "";

    /// <summary>Runs until it is stopped, or until the device has to register again.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        server.Introduce(device.Ports.Power.BootId, MachineIdentity.Read());
        Say($"agent {ThisProgram.Version} of device {config.Uuid}, server {config.Server}");
        _standing.Prepare();
        try
        {
            while (!ct.IsCancellationRequested && await TurnAsync(ct).ConfigureAwait(false) is { } pause)
            {
                if (!await wake.PauseAsync(pause, ct).ConfigureAwait(false))
                    continue;
                _pace.Wake();
                Watch.Wake();
            }
        }
        finally
        {
            await _supervisor.EndAsync().ConfigureAwait(false);
            // A reboot that the update asks for comes soon after its last bytes.
            _meter.Account.KeepNow();
        }
    }

    /// <summary>One turn: a look at the device, and a poll where no update runs. What fails is said, and is no end of the agent.</summary>
    /// <returns>How long to pause; null: the device has to register again.</returns>
    public async Task<TimeSpan?> TurnAsync(CancellationToken ct)
    {
        long received = server.Wire.Received;
        try
        {
            var pause = await OnceAsync(ct).ConfigureAwait(false);
            // A turn in which there was nothing to ask says nothing of the server.
            if (server.Wire.Received > received)
                _pace.Answered();
            return pause;
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            var error = MediumFault.Wrap("cannot go on for now", e);
            Say(error);
            if (error.Code == HostupErrors.Unauthorized && DeviceKeys.MayRegisterAgain(device.Ports.Files))
                return null;
            // What fails while the server is left alone is not the server's.
            if (_pace.Left == TimeSpan.Zero)
                _pace.Failed(error, server.PollInterval);
            return UntilServer;
        }
    }

    /// <summary>How long to pause while the server is left alone: the device is not.</summary>
    private TimeSpan UntilServer => _pace.Left < _look ? _pace.Left : _look;

    private async Task<TimeSpan> OnceAsync(CancellationToken ct)
    {
        if (await _unit.IsActiveAsync(ct).ConfigureAwait(false))
        {
            _look = Watching;
            await _supervisor.EndAsync().ConfigureAwait(false);
            if (_pace.Left > TimeSpan.Zero)
                Watch.Count();
            else
                await Watch.LookAsync(ct).ConfigureAwait(false);
            return Watching;
        }
        var fault = _standing.Fault();
        _look = fault is not null || _log.IsOpen ? Looking : TimeSpan.MaxValue;
        if (fault is null && await ResumeAsync(ct).ConfigureAwait(false))
            return Watching;
        if (_pace.Left > TimeSpan.Zero)
            return UntilServer;
        await TellAsync(ct).ConfigureAwait(false);
        if (fault is not null)
            return await HoldAsync(fault, ct).ConfigureAwait(false);
        if (!TrialPending && !_log.IsOpen)
            _supervisor.Begin(ct);
        var answer = await server.PollAsync(ct).ConfigureAwait(false);
        // No process works on an attempt now, so nobody uses the old key or the old list; and an OS that goes back takes nothing of it along.
        if (!TrialPending)
        {
            await ChangeKeyAsync(answer.RotateKey, ct).ConfigureAwait(false);
            await TakeTrustAsync(answer.TrustVersion, ct).ConfigureAwait(false);
        }
        if (answer.Target is { } asked)
            AttemptUpdater.Hear(asked, _log.Records);
        // Another target waits until the verdict of a trial, and until an attempt that was interrupted is closed.
        if (answer.Target is { } target && !TrialPending && !_log.IsOpen)
        {
            if (Reporting.HoldsBack(target))
                return Looking;
            if (await StartAsync(target, ct).ConfigureAwait(false))
                return Watching;
        }
        // A verdict comes within minutes; an old OS whose state partition takes no way back may wait for days.
        return Trial.IsOn(device.Ports) ? TimeSpan.FromSeconds(5) : Trial.IsGoingBack(device.Ports) && device.Ports.Clock.SinceBoot < LooksBack ? Looking
            : answer.Target is not null && _hold.Opens is { } opens && opens.TotalSeconds < answer.IntervalSeconds ? AgentWake.WithJitter((int)opens.TotalSeconds + 1)
            : AgentWake.WithJitter(answer.IntervalSeconds);
    }

    /// <summary>A device that does not know where it stands begins nothing and resumes nothing; the server hears of it, and why.</summary>
    private async Task<TimeSpan> HoldAsync(HostupException fault, CancellationToken ct)
    {
        Say(fault);
        var answer = await server.PollAsync(ct).ConfigureAwait(false);
        if (answer.Target is { } target)
            await _hold.TellAsync(target, fault.Message, fault.Code, ct).ConfigureAwait(false);
        return AgentWake.WithJitter(answer.IntervalSeconds);
    }

    /// <summary>What the server wants to know never stands in the way of what it wants done.</summary>
    private async Task TellAsync(CancellationToken ct)
    {
        foreach (var tell in (Func<Task>[])[() => Ends.TellAsync(ct), () => State.ReportAsync(_trustFault, ct), () => Reporting.ReportAsync(_log.IsOpen ? ProgressFile.Load() : null, ct)])
        {
            try
            {
                await tell().ConfigureAwait(false);
            }
            catch (Exception e) when (MediumFault.IsKnown(e))
            {
                Say(MediumFault.Wrap("cannot tell the server how it stands", e));
            }
        }
    }

    /// <summary>A newer list of trusted keys comes before what it may revoke. One that is not signed rightly changes nothing and stops nothing.</summary>
    private async Task TakeTrustAsync(long offered, CancellationToken ct)
    {
        try
        {
            if (await Intake.TakeTrustAsync(offered, ct).ConfigureAwait(false))
                Say($"goes by list {_trust.Load().Version} of trusted keys");
            _trustFault = "";
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            var error = MediumFault.Wrap("cannot keep the newer list of trusted keys", e);
            _trustFault = $"{error.Message} [{error.Code}]";
            Say(error);
        }
    }

    /// <summary>A key that cannot be changed now stays good; it stands in no way of an update.</summary>
    private async Task ChangeKeyAsync(bool asked, CancellationToken ct)
    {
        try
        {
            if (asked)
                await _keys.ChangeAsync(ct).ConfigureAwait(false);
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            Say($"the device key stays: {e.Message}");
        }
    }

    private bool TrialPending => Trial.IsPending(device.Ports);

    /// <summary>An attempt that a reboot or a dead process left open is taken up by the program that began it.</summary>
    private async Task<bool> ResumeAsync(CancellationToken ct)
    {
        if (!_log.IsOpen || TrialPending || !_resumes.IsDue(_log.Records))
            return false;
        string program;
        try
        {
            program = await Updater.FindAsync(_log.Records, ct).ConfigureAwait(false);
        }
        catch (HostupException e)
        {
            // The server is asked for what else it wants meanwhile.
            Say($"the updater of attempt {_log.Records[0].AttemptId} is not here yet: {e.Message} [{e.Code}]");
            return false;
        }
        Say($"taking up attempt {_log.Records[0].AttemptId} with {program}");
        await _unit.StartAsync(program, ["--resume"], ct).ConfigureAwait(false);
        return true;
    }

    private async Task<bool> StartAsync(DeviceTarget target, CancellationToken ct)
    {
        if (Ends.Has(target.AttemptId))
            return false;
        if (_log.Records is [{ AttemptId: { } last }, ..] && last == target.AttemptId)
        {
            Reporting.TellAgain();
            return false;
        }
        if (target.Cancel)
        {
            // Nothing was begun, so there is no journal to report from.
            await EndUnbegunAsync(target, AttemptStates.Cancelled, HostupErrors.Cancelled, "cancelled before it began", ct).ConfigureAwait(false);
            return false;
        }
        try
        {
            LeftEnds.Leave(device.Ports, target.AttemptId); // before its account goes
            _meter.Expect(target.AttemptId);
            if (target.Revert)
                RevertPlanner.RequireKnown(device.Ports);
            else if (await _hold.HoldsAsync(target, ct).ConfigureAwait(false))
                return false;
            _meter.Spend(AttemptMeter.Protocol);
            var (file, program) = await Intake.TakeAsync(target, ct).ConfigureAwait(false);
            DeviceChecks.RequireStateSpace(device.Ports.Files); // the update process has no journal to say it in
            ProgressFile.Reset();
            file.Save();
            Updater.Remember(target.Updater);
            PolicyFile.Tell(target);
            Say($"attempt {target.AttemptId}: {target.Version} with {program}");
            _starts.Count(target.AttemptId, program);
            await _supervisor.EndAsync().ConfigureAwait(false);
            _meter.Account.KeepNow(); // the update process goes by what is kept
            server.Envelopes.Clear();
            await _unit.StartAsync(program, [], ct).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            var error = MediumFault.Wrap("cannot begin the update", e);
            if (error.Code.Kind != HostupErrorKind.Transient || !await TriesAgainAsync(target, error, ct).ConfigureAwait(false))
                await EndUnbegunAsync(target, error.Code.Kind == HostupErrorKind.Refused ? AttemptStates.Refused : AttemptStates.Failed, error.Code, error.Message, ct).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A link that breaks again and again and brings something each time is worth another try soon.</summary>
    private async Task<bool> TriesAgainAsync(DeviceTarget target, HostupException error, CancellationToken ct)
    {
        bool again = await _hold.TriesAgainAsync(target, error, Intake.ArrivedOf(target), ct).ConfigureAwait(false);
        if (_hold.Advanced)
            _pace.Answered();
        return again;
    }

    /// <summary>What cannot be told now is told with the next polls. Of a target that no trusted key signed nothing is written: it is judged again after a restart.</summary>
    private async Task EndUnbegunAsync(DeviceTarget target, string state, HostupErrorCode code, string message, CancellationToken ct)
    {
        Ends.Add(target.AttemptId, new AttemptReport { Serial = TargetHold.SerialAfter, State = state, ErrorCode = code.Id, Message = message, UpdaterVersion = ThisProgram.Version }, durable: _meter.Account.IsKept(target.AttemptId));
        await TellAsync(ct).ConfigureAwait(false);
    }

    private static void Say(HostupException error) => Say($"{error.Message} [{error.Code}]");

    private static void Say(string text) => Console.Error.WriteLine(text);
}
