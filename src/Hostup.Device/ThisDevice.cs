using Hostup.Core.Errors;
using Hostup.Linux.Engine;
using Hostup.Linux.Files;
using Hostup.Linux.Health;
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
    private readonly ApplicationLocks _locks = new();
    private readonly DockerEngine _engine = new();
    private readonly SourceLinks _images = new();

    public ThisDevice()
    {
        Commands = new CommandRunner();
        var files = new LinuxFiles();
        var slots = new LinuxSlots(Commands);
        var supervisor = new SystemdSupervisor(Commands, _engine);
        Ports = new DevicePorts
        {
            Files = files,
            Slots = slots,
            Media = new LinuxBootMedia(() => slots.Running.Device),
            Boot = BootEnvironments.Find(files, DeviceFacts.DeviceTypeOf(files), () => Numbers(slots)),
            Supervisor = supervisor,
            Engine = _engine,
            Images = _images,
            Locks = _locks,
            Health = new LinuxHealthChecks(_engine, supervisor, Commands, new ServerReach()),
            Power = new LinuxPower(Commands, ThisProgram.FilePath),
            Supplies = new LinuxPowerSupplies(),
            Processes = new UpdateProcesses(),
            Network = new LinuxNetwork(Commands),
            Clock = new LinuxClock(),
        };
    }

    public CommandRunner Commands { get; }

    public DevicePorts Ports { get; }

    public void Dispose()
    {
        _locks.Dispose();
        _engine.Dispose();
        _images.Dispose();
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
