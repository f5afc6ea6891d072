using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Ports;
using Hostup.Updates.Supervisor;

namespace Hostup.Lab.Sim;

/// <summary>Everything of a simulated device that a reboot resets: supervisor, engine, locks, clock.</summary>
public sealed class SimPorts(SimDevice device) : ISupervisor, IContainerEngine, IImageSources, IHealthChecks, IUpdateLocks, IPower, IPowerSupplies, IUpdateProcesses, INetwork, ISystemClock, IAttemptProgress
{
    private int _boots;
    private bool _timerRan;
    private DateTimeOffset? _heldSince;
    private DateTimeOffset _booted = DateTimeOffset.MinValue;

    /// <summary>Hooks of releases.</summary>
    public SimHooks Hooks { get; } = new(device);

    /// <summary>What kernels said last.</summary>
    public SimKernelLog KernelLog { get; } = new(device);

    /// <summary>Images that the engine holds; on the data partition: a reboot takes nothing away.</summary>
    public SimImageStore Images { get; } = new();

    /// <summary>Whether the supervisor runs.</summary>
    public bool SupervisorRuns { get; private set; }

    /// <summary>Whether the timer of its updater runs.</summary>
    public bool TimerRuns { get; private set; }

    /// <summary>Whether somebody has stopped it in this boot.</summary>
    public bool IsStoppedByHand { get; set; }

    /// <summary>Whether its unit is about to start, or waits for its next try, and is not active yet.</summary>
    public bool SupervisorIsStarting { get; set; }

    /// <summary>An orderly reboot was asked for.</summary>
    public bool RebootRequested { get; private set; }

    /// <summary>Times that an application's lock is found held before it is free.</summary>
    public int LockHeldTimes { get; set; }

    /// <summary>Who holds it at this look.</summary>
    public Func<string> LockHolder { get; set; } = () => "process 512 rsync";

    /// <summary>Whether the update process holds the applications' locks.</summary>
    public bool LocksHeld { get; private set; }

    /// <summary>Times that a process took all locks.</summary>
    public int LocksTaken { get; private set; }

    /// <summary>States reported, in order, without repetition.</summary>
    public List<string> States { get; } = [];

    /// <summary>Notes reported, each once.</summary>
    public HashSet<string> Notes { get; } = [];

    /// <summary>The state at whose report the operator cancels; null: never.</summary>
    public string? CancelAt { get; set; }

    /// <summary>What the operator wants of the attempt; a reboot takes nothing away, the server asks again.</summary>
    public AttemptWishes Wishes { get; set; }

    /// <summary>Whether the owner of the applications lets updates pass over their locks.</summary>
    public bool AreOverridden { get; set; }

    /// <summary>Every lock that was told to hold the update, in order.</summary>
    public List<LockReport> LocksTold { get; } = [];

    /// <summary>Called with each state that is reported: what happens to the device meanwhile; null: nothing.</summary>
    public Action<string>? Meanwhile { get; set; }

    /// <summary>Whether the engine hangs although its OS is good.</summary>
    public bool EngineHangs { get; set; }

    /// <summary>Time after a boot that it takes until the engine answers; at its first boot a device has been up for long.</summary>
    public TimeSpan EngineNeeds { get; set; } = TimeSpan.FromSeconds(40);

    /// <summary>Time after a boot until a time server sets the clock of a machine that forgets the time without power; zero: it does not forget.</summary>
    public TimeSpan ClockNeeds { get; set; }

    /// <summary>Driver of the engine's store; null: it does not say.</summary>
    public string? StorageDriver { get; set; } = "overlay2";

    /// <summary>What the device shows of its power supplies.</summary>
    public IReadOnlyList<PowerSupply> Supplies { get; set; } = [];

    /// <summary>What the network's software says of its cost; null: nothing.</summary>
    public bool? Metered { get; set; }

    /// <summary>Counters of the interfaces.</summary>
    public IReadOnlyList<InterfaceBytes> Interfaces { get; set; } = [];

    /// <summary>Connections of the engine.</summary>
    public IReadOnlyList<EngineConnection> Connections { get; set; } = [];

    /// <summary>The policy as the server has it now; null: as it was when the attempt began.</summary>
    public UpdatePolicy? Policy { get; set; }

    public ValueTask<bool?> IsMeteredAsync(CancellationToken ct) => ValueTask.FromResult(Metered);
    public IReadOnlyList<InterfaceBytes> Count() => Interfaces;
    public IReadOnlyList<EngineConnection> EngineConnections() => Connections;

    public string? Other { get; set; }

    /// <summary>Whether updates are kept from beginning.</summary>
    public bool IsExcluding { get; private set; }

    public IDisposable Exclude()
    {
        if (Other is { } other)
            throw new HostupException(HostupErrors.UpdateRunning, "cannot start the update", $"another update is running ({other})", "wait for its end: `hostup-device status`");
        IsExcluding = true;
        return new Exclusion(this);
    }

    public bool IsInstalled => true;

    public string BootId => $"boot-{_boots}";

    public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddYears(56);
    /// <summary>Whether somebody has set the clock.</summary>
    public bool IsSynchronised { get; set; } = true;

    public TimeSpan Elapsed => Now - DateTimeOffset.UnixEpoch;

    public TimeSpan SinceBoot => Now - _booted;

    // What the machine shows until somebody sets its clock.
    DateTimeOffset ISystemClock.Now => ClockIsLost ? DateTimeOffset.UnixEpoch + SinceBoot : Now;

    bool ISystemClock.IsSynchronised => IsSynchronised && !ClockIsLost;

    private bool ClockIsLost => SinceBoot < ClockNeeds;

    /// <summary>A new boot begins.</summary>
    public void Boot()
    {
        _boots++;
        SupervisorRuns = TimerRuns = _timerRan = IsStoppedByHand = false;
        RebootRequested = ForcedRebootIsArmed = LocksHeld = WatchdogRuns = false;
        _heldSince = null;
        _booted = _boots == 1 ? DateTimeOffset.MinValue : Now;
    }

    /// <summary>The OS starts its supervisor, as at every boot.</summary>
    public void StartWithOs()
    {
        SupervisorRuns = TimerRuns = true;
        device.StartSupervisor();
    }

    public ValueTask<bool> IsRunningAsync(CancellationToken ct) => ValueTask.FromResult(SupervisorRuns && !SupervisorIsStarting);

    /// <summary>Called when it is stopped or started; null: nothing.</summary>
    public Action? SupervisorChanges { get; set; }

    public ValueTask StopAsync(CancellationToken ct)
    {
        SupervisorChanges?.Invoke();
        device.Power.Effect("stop supervisor");
        _timerRan |= TimerRuns;
        SupervisorRuns = TimerRuns = false;
        return default;
    }

    public ValueTask StartAsync(CancellationToken ct)
    {
        if (IsStoppedByHand)
            return default;
        SupervisorChanges?.Invoke();
        device.Power.Effect("start supervisor");
        SupervisorRuns = true;
        device.StartSupervisor();
        return default;
    }

    public ValueTask ResumeUpdatesAsync(CancellationToken ct)
    {
        (TimerRuns, _timerRan) = (TimerRuns || _timerRan, false);
        return default;
    }

    public ValueTask<bool> AnswersAsync(CancellationToken ct) => ValueTask.FromResult(device.RunningRelease?.Behaviour == SimBehaviour.Good && !EngineHangs && SinceBoot >= EngineNeeds);

    public ValueTask<string?> StorageDriverAsync(CancellationToken ct) => ValueTask.FromResult(StorageDriver);

    IReadOnlyList<PowerSupply> IPowerSupplies.Read() => Supplies;

    /// <summary>Why pulls fail; null: they do not.</summary>
    public string? PullFault { get; set; }

    public ValueTask<bool> HasAsync(EngineImageName image, CancellationToken ct) => ValueTask.FromResult(Images.Has(image));

    public async ValueTask PullAsync(EnginePull pull, ImageFeed feed, CancellationToken ct)
    {
        if (PullFault is { } why)
            throw new HostupException(HostupErrors.Supervisor, $"cannot pull {pull.Image.LocalName}", why, "the new OS pulls it after its first boot");
        device.Power.Effect("pull supervisor");
        if (!Images.Has(pull.Image))
            await SimImage.PullAsync(pull.Image, feed, ct);
        Images.Add(pull.Image);
        Images.Keep(pull.Keeper, pull.Image.LocalName);
    }

    IReadOnlyList<IImageSource> IImageSources.Open(EngineImageName image, Func<UpdatePolicy> policy, IReadOnlyList<string> fallbackRegistries, Func<long>? bytesLeft) =>
        ImageRegistries?.Invoke(image) ?? [new SimImage("registry", image)];

    /// <summary>Where the engine's images come from; null: a registry that has every supervisor.</summary>
    public Func<EngineImageName, IReadOnlyList<IImageSource>>? ImageRegistries { get; set; }

    public ValueTask<bool> KeepAsync(string container, string image, CancellationToken ct) => ValueTask.FromResult(!EngineHangs && Images.Keep(container, image));

    /// <summary>What the checks of an OS find besides the engine; null: nothing else is checked.</summary>
    public Func<SimRelease?, IReadOnlyList<HealthResult>>? MoreHealth { get; set; }

    public ValueTask<IReadOnlyList<HealthResult>> RunAsync(CancellationToken ct)
    {
        bool good = device.RunningRelease?.Behaviour == SimBehaviour.Good;
        var engine = new HealthResult("engine", Required: true, good, good ? "answers" : "cannot connect to /run/docker.sock");
        return ValueTask.FromResult<IReadOnlyList<HealthResult>>([engine, .. MoreHealth?.Invoke(device.RunningRelease) ?? []]);
    }

    public IReadOnlyList<HeldLock> Take(bool passOver)
    {
        _heldSince = LockHeldTimes-- > 0 ? _heldSince ?? Now : null;
        IReadOnlyList<HeldLock> held = _heldSince is { } since ? [new("backup", "/tmp/balena-supervisor/services/app/backup/updates.lock", LockHolder()) { Age = Now - since }] : [];
        if (held is [] || passOver)
        {
            LocksTaken++;
            LocksHeld = true;
        }
        return held;
    }

    public void Release() => LocksHeld = false;

    /// <summary>Whether it has a watchdog.</summary>
    public bool HasWatchdog { get; set; } = true;

    /// <summary>Whether the watchdog runs in this boot.</summary>
    public bool WatchdogRuns { get; private set; }

    public void ResetWhenStuck() => WatchdogRuns = HasWatchdog;

    public void Reboot(string why)
    {
        if (!LocksHeld && device.IsUpdating)
            throw new InvalidOperationException("bug: the update reboots without the applications' locks");
        device.Power.Effect("reboot");
        ForcedRebootIsArmed = true;
        if (RebootFault?.Invoke() is { } fault)
            throw new HostupException(HostupErrors.Program, "cannot reboot", fault, "reboot the device by hand");
        RebootRequested = true;
    }

    /// <summary>Why no orderly reboot can be asked for; null: it can.</summary>
    public Func<string?>? RebootFault { get; set; }

    /// <summary>Whether a reboot is forced when no orderly one comes.</summary>
    public bool ForcedRebootIsArmed { get; private set; }

    public void CallOffReboot()
    {
        if (!ForcedRebootIsArmed)
            return;
        device.Power.Effect("call off reboot");
        if (CallOffFault is { } why)
            throw new HostupException(HostupErrors.Program, "cannot call off the forced reboot", why, "stop the unit hostup-force-reboot by hand");
        ForcedRebootIsArmed = false;
    }

    /// <summary>Why a forced reboot cannot be called off; null: it can.</summary>
    public string? CallOffFault { get; set; }

    public ValueTask DelayAsync(TimeSpan time, CancellationToken ct)
    {
        Now += time;
        return default;
    }

    public void Report(string state, long done, long total, string? note, LockReport? held = null)
    {
        if (States is [] || States[^1] != state)
            States.Add(state);
        if (note is not null)
            Notes.Add(note);
        if (state == CancelAt)
            Wishes |= AttemptWishes.Cancel;
        if (held is not null)
            LocksTold.Add(held);
        Meanwhile?.Invoke(state);
    }

    private sealed class Exclusion(SimPorts ports) : IDisposable
    {
        public void Dispose() => ports.IsExcluding = false;
    }
}
