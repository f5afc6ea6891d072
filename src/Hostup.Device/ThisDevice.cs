using Hostup.Core.Errors;
using Hostup.Linux.Engine;
using Hostup.Linux.Files;
using Hostup.Linux.Health;
using Hostup.Linux.Hooks;
using Hostup.Linux.Kernel;
using Hostup.Linux.Locks;
using Hostup.Linux.Network;
using Hostup.Linux.Power;
using Hostup.Linux.Processes;
using Hostup.Linux.Slots;
using Hostup.Linux.Systemd;
using Hostup.Updates.Boot;
using Hostup.Updates.Checks;
using Hostup.Updates.Run;

namespace Hostup.Device;

/// <summary>The device this program runs on, with all its ports.</summary>
internal sealed class ThisDevice : IDisposable
{
    private readonly IReadOnlyList<IDisposable> _owned;

    public ThisDevice()
    {
        var (locks, engine, images) = (new ApplicationLocks(), new DockerEngine(), new SourceLinks());
        _owned = [locks, engine, images];
        Commands = new CommandRunner();
        var files = new LinuxFiles();
        var slots = new LinuxSlots(Commands);
        var supervisor = new SystemdSupervisor(Commands, engine);
        Ports = new DevicePorts
        {
            Files = files,
            Slots = slots,
            Media = new LinuxBootMedia(() => slots.Running.Device),
            Boot = BootEnvironments.Find(files, DeviceFacts.DeviceTypeOf(files), () => Numbers(slots)),
            Supervisor = supervisor,
            Engine = engine,
            Images = images,
            Locks = locks,
            Health = new LinuxHealthChecks(engine, supervisor, Commands, new ServerReach()),
            Hooks = new LinuxHooks(Commands),
            Power = new LinuxPower(Commands, ThisProgram.FilePath),
            KernelLog = new LinuxKernelLog(),
            Supplies = new LinuxPowerSupplies(),
            Processes = new UpdateProcesses(),
            Network = new LinuxNetwork(Commands),
            Clock = new LinuxClock(),
        };
    }

    /// <summary>Another device.</summary>
    /// <param name="ports">Its ports.</param>
    /// <param name="commands">Runs its programs.</param>
    /// <param name="root">Put before what the agent keeps beside the ports.</param>
    public ThisDevice(DevicePorts ports, CommandRunner commands, string root) => (Ports, Commands, Root, _owned) = (ports, commands, root, []);

    public CommandRunner Commands { get; }

    public DevicePorts Ports { get; }

    /// <summary>Put before the places of programs and logs; empty on a device, a folder in tests.</summary>
    public string Root { get; } = "";

    public void Dispose()
    {
        foreach (var owned in _owned)
            owned.Dispose();
    }

    // Slots that cannot be told are a check's matter; no letter is written then.
    private static (int A, int B) Numbers(LinuxSlots slots)
    {
        try
        {
            return slots.Running.PartitionNumber is 8 or 9 ? (8, 9) : (2, 3);
        }
        catch (HostupException)
        {
            return (2, 3);
        }
    }
}
