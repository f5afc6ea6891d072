using System.Text;
using Hostup.Core;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Ports;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;

namespace Hostup.Lab.Sim;

/// <summary>
/// A whole device in memory: partitions, a boot loader that counts boots, and an OS that starts the very programs of the product in the order of
/// their units. The power can go before any effect.
/// </summary>
public sealed class SimDevice
{
    /// <summary>Where GRUB's environment lies on a device that boots with EFI.</summary>
    public const string GrubEnv = Places.Boot + "/EFI/BOOT/grubenv";

    private readonly Unflushed _unflushed;
    private readonly Dictionary<Digest, SimRelease> _known;

    public SimDevice(SimRelease from, SimRelease to, Unflushed unflushed = Unflushed.Lost, IReadOnlyList<int>? cuts = null, bool reinstall = false, SimBootFamily? family = null)
    {
        Family = family ?? SimBootFamily.Grub;
        _unflushed = unflushed;
        Target = new SimTarget(to.Manifest(sequence: 2), reinstall);
        _known = new[] { from, to }.DistinctBy(r => r.TreeDigest).ToDictionary(r => r.TreeDigest);
        Power = new SimPowerSupply(cuts ?? []);
        Files = new SimFiles(this);
        Ports = new SimPorts(this);
        Slots = new SimSlots(this);
        Media = new SimBootMedia(this);
        RunningSlot = SlotA;
        Sources = [new SimSource("registry", to)];
        Device = new DevicePorts
        {
            Files = Files,
            Slots = Slots,
            Boot = Family.Environment(Files),
            Media = Media,
            Supervisor = Ports,
            Engine = Ports,
            Images = Ports,
            Health = Ports,
            Locks = Ports,
            Hooks = Ports.Hooks,
            Power = Ports,
            KernelLog = Ports.KernelLog,
            Supplies = Ports,
            Processes = Ports,
            Network = Ports,
            Clock = Ports,
        };
        Provision(from);
    }

    /// <summary>Which boot loader it has.</summary>
    public SimBootFamily Family { get; }

    public SimPowerSupply Power { get; }
    public SimFileSystem Boot { get; } = new(SimFileSystemKind.Fat, 2 << 20);
    public SimFileSystem State { get; } = new(SimFileSystemKind.Ext4, 4 << 20);
    public SimFileSystem Data { get; } = new(SimFileSystemKind.Ext4, 4 << 20);

    public SimSlot SlotA { get; } = new("resin-rootA", 2);
    public SimSlot SlotB { get; } = new("resin-rootB", 3);
    public SimSlot RunningSlot { get; private set; }
    public SimSlot SpareSlot => RunningSlot == SlotA ? SlotB : SlotA;

    public SimFiles Files { get; }
    public SimPorts Ports { get; }
    public SimSlots Slots { get; }

    /// <summary>Where the boot loader lies outside of every file system.</summary>
    public SimBootMedia Media { get; }

    public DevicePorts Device { get; }

    /// <summary>What the server asks for.</summary>
    public SimTarget Target { get; set; }

    /// <summary>A plan that was kept, executed instead of a new one; null: none.</summary>
    public UpdatePlan? SavedPlan { get; set; }

    /// <summary>Where the image comes from.</summary>
    public IReadOnlyList<IHostAppSource> Sources { get; set; }

    /// <summary>Bytes received between two checkpoints: small, so that the cuts meet several, also inside a file.</summary>
    public long CheckpointBytes { get; init; } = 3500;

    /// <summary>Whether this kernel can exchange names on FAT.</summary>
    public bool CanExchange { get; set; } = true;

    /// <summary>Whether an unhealthy OS hangs after its user space came up and before the verdict: its watchdog resets it, or somebody does who passes by.</summary>
    public bool HangsBeforeVerdict { get; init; }

    /// <summary>Boots after which it is held to be in a loop.</summary>
    public int MostBoots { get; init; } = 40;

    /// <summary>Sources of each process, whose counts end with it; null: <see cref="Sources"/> for all.</summary>
    public Func<IReadOnlyList<IHostAppSource>>? NewSources { get; set; }

    /// <summary>Boots begun, failed ones included.</summary>
    public int Boots { get; private set; }

    /// <summary>How often a hang without a watchdog needed somebody to switch it off and on.</summary>
    public int HandsNeeded { get; private set; }

    /// <summary>Why the device is lost; null: it is not.</summary>
    public string? Bricked { get; private set; }

    /// <summary>Whether user space of an OS runs; in between the boot loader has its word.</summary>
    public bool IsUp { get; private set; }

    /// <summary>Whether an update process runs.</summary>
    public bool IsUpdating { get; private set; }

    /// <summary>What the rollback programs said, in order.</summary>
    public List<string> Said { get; } = [];

    /// <summary>How the update process ended last.</summary>
    public RunEnd? End { get; private set; }

    /// <summary>The release that runs; null for an unknown tree.</summary>
    public SimRelease? RunningRelease => KnownBy(RunningSlot);

    /// <summary>The release on a slot; null for an unknown tree.</summary>
    internal SimRelease? KnownBy(SimSlot slot) => slot.TreeDigest is { } digest ? _known.GetValueOrDefault(digest) : null;

    /// <summary>Version of the supervisor in the settings.</summary>
    public string SupervisorVersion => Updates.Supervisor.SupervisorSettings.Load(Files)?.VersionText ?? "";

    /// <summary>State of the attempt in the journal: the outcome, or "open".</summary>
    public string Outcome => new AttemptJournal(Files).Read() is [.., { Verb: JournalVerb.Ended, Outcome: { } outcome }] ? outcome : "open";

    /// <summary>Runs the device until it rests: an update is asked for once, the power comes back after each cut.</summary>
    public async Task<SimDevice> RunAsync()
    {
        while (Bricked is null)
        {
            try
            {
                if (await BootAsync())
                    return this;
            }
            catch (PowerCutException)
            {
                LosePower(_unflushed);
            }
            catch (OrderlyRebootException)
            {
                Power.Restore();
                ClearBootCount.Run(Device);
                LosePower(Unflushed.Kept);
            }
        }
        return this;
    }

    /// <summary>The power goes while the device rests, and comes back.</summary>
    public Task<SimDevice> CutAtRestAsync()
    {
        LosePower(_unflushed);
        return RunAsync();
    }

    /// <summary>The supervisor interferes with what it does not know.</summary>
    public void MustNotInterfere(string what)
    {
        if ((Ports.SupervisorRuns || Ports.TimerRuns) && IsUpdating)
            throw new InvalidOperationException($"bug: the supervisor or its timer runs while {what}");
    }

    /// <summary>The supervisor that the settings name starts: it brings its database up to its own version and cannot read a newer one.</summary>
    public void StartSupervisor()
    {
        if (SimSupervisor.Start(this) is { } wrong)
            Brick(wrong);
    }

    private void Provision(SimRelease from)
    {
        SlotA.Provision(from);
        foreach (var copy in from.LoaderCopies)
            Media.Provision(copy.Medium, copy.OffsetBytes, from.Loader!);
        foreach (var (path, content) in from.BootFiles)
            Boot.Provision($"{Places.Boot}/{path}", content);
        SimBootLoader.Provision(this, from);
        // One file that updates leave alone and one that they do not: the owner changed both.
        Boot.Provision(Places.Boot + "/config.txt", Encoding.UTF8.GetBytes("dtparam=audio=on # the owner's"));
        Boot.Provision(Places.Boot + "/cmdline.txt", Encoding.UTF8.GetBytes("console=ttyS1 # the owner's"));
        Boot.Provision(Family.File, Family.Provisioned);
        State.Provision(SimSupervisor.Settings, Encoding.UTF8.GetBytes($"SUPERVISOR_IMAGE=sim/supervisor:{SimSupervisor.First}\nSUPERVISOR_VERSION={SimSupervisor.First}\nLED_FILE=/dev/null\n"));
        Data.Provision(SimSupervisor.Database, Encoding.UTF8.GetBytes($"database of {SimSupervisor.First}"));
        using (Files.OpenForWriting(Places.State))
            new AttemptJournal(Files).Prepare();
        State.FlushAll();
        Power.Deliver();
    }

    /// <summary>One power-on until the next one.</summary>
    /// <returns>Whether the device rests now.</returns>
    private async Task<bool> BootAsync()
    {
        if (++Boots > MostBoots)
            return Brick($"it still boots after {MostBoots} times");
        Files.Remount();
        IsUpdating = IsUp = false;
        if (SimBootLoader.Play(this, _known) is not { } booted)
            return true;
        RunningSlot = booted;
        if (RunningRelease is null or { Behaviour: SimBehaviour.Panics })
            return Ports.KernelLog.Panic();
        Ports.Boot();
        IsUp = true;
        return await RunUnitsAsync();
    }

    private async Task<bool> RunUnitsAsync()
    {
        if (Files.Exists(Places.AltbootBreadcrumb) || Files.Exists(Places.BootFilesTouched) || Files.Exists(Places.DatabaseDue))
            await SimUnit.RunAsync(this, () => new AltbootRollback(Device).RunAsync(CancellationToken.None), starts: 1);
        if (Ports.RebootRequested)
            return Orderly(true);
        Ports.StartWithOs();
        if (HangsBeforeVerdict && RunningRelease is { Behaviour: SimBehaviour.Unhealthy })
        {
            HandsNeeded += Ports.WatchdogRuns ? 0 : 1;
            return Orderly(false);
        }
        await SimUnit.RunAsync(this, () => new HealthRollback(Device).RunAsync(CancellationToken.None), starts: 3);
        if (Ports.RebootRequested)
            return Orderly(true);
        IsUpdating = true;
        End = await UpdateInProcessesAsync();
        IsUpdating = false;
        return Ports.RebootRequested ? Orderly(true) : true;
    }

    /// <summary>A killed process is started again by its unit, in the same boot; its locks are free then.</summary>
    private async Task<RunEnd> UpdateInProcessesAsync()
    {
        while (true)
        {
            try
            {
                return await UpdateAsync();
            }
            catch (ProcessKilledException)
            {
                Ports.Release();
                Files.Remount();
            }
        }
    }

    private async Task<RunEnd> UpdateAsync()
    {
        var run = new UpdateRun(Device, Ports, _ => NewSources?.Invoke() ?? Sources) { CheckpointBytes = CheckpointBytes };
        if (new AttemptLog(Device).IsOpen)
            return await run.ResumeAsync(CancellationToken.None);
        // The server asks until the device has a journal of the attempt.
        if (new AttemptLog(Device).Records is [{ AttemptId: var last }, ..] && last == Target.AttemptId)
            return End ?? new RunEnd(RunEndKind.NothingToDo);
        return await Target.StartAsync(this, run);
    }

    private void LosePower(Unflushed unflushed)
    {
        Boot.PowerCut(unflushed);
        State.PowerCut(unflushed);
        Data.PowerCut(unflushed);
        Media.PowerCut(unflushed);
        SlotA.PowerCut(unflushed);
        SlotB.PowerCut(unflushed);
        Power.Restore();
    }

    private bool Orderly(bool orderly)
    {
        if (orderly)
        {
            ClearBootCount.Run(Device);
            Files.StateFault?.WriteOut(this, _unflushed);
            State.FlushAll();
            Boot.FlushAll();
        }
        return false;
    }

    /// <summary>The device is lost.</summary>
    internal bool Brick(string why)
    {
        Bricked = why;
        return true;
    }
}
