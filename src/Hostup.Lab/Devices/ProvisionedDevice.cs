using Hostup.Core.Errors;
using Hostup.Lab.Cache;
using Hostup.Lab.Containers;
using Hostup.Lab.Disks;
using Hostup.Lab.Images;
using Hostup.Lab.Programs;
using Hostup.Lab.Qemu;

namespace Hostup.Lab.Devices;

/// <summary>
/// A device as an operator has it in the field: booted, application and supervisor running in its engine. It is made once and
/// saved, so that each test starts from it in seconds.
/// </summary>
public static class ProvisionedDevice
{
    private const string Recipe = "1";
    private const int MemoryMiB = 768;

    /// <summary>Volume of the application, in the guest.</summary>
    public const string ApplicationVolume = "/mnt/data/docker/volumes/application-data/_data";

    /// <summary>Version of the supervisor that a device is provisioned with; supervisor.conf of the root names it.</summary>
    public const string SupervisorVersion = "v14.0.0";

    /// <summary>Version of the supervisor that the next release ships with.</summary>
    public const string NewSupervisorVersion = "v14.1.0";

    /// <summary>Returns the saved state of a device with this tree in slot A, made when anything has changed since.</summary>
    public static async Task<SavedState> GetAsync(LabEnvironment lab, HostOsTree tree, CancellationToken ct)
    {
        var images = await PayloadImages.BuildAsync(lab, tree, SupervisorVersion, ct);
        var disk = await DiskImage.BuildAsync(lab, tree, tree.Loader.Layout,
            DiskContent.Unclaimed(tree.Loader.DeviceType).WithUserFile("provision/application.tar", images.Application).WithUserFile("provision/supervisor.tar", images.Supervisor), ct);
        var machine = new QemuMachine(await Accelerator.ChooseAsync(lab, tree, ct), MemoryMiB, tree.Loader.Family);
        string qemu = await new Tool("qemu-system-x86_64").RunAsync(["--version"], ct);
        string key = new CacheKey().Add("recipe", Recipe).Add("disk", disk.Key).Add("machine", machine.ToString()).Add("qemu", qemu).Finish();
        string folder = await lab.Cache.GetAsync("saved-device", key, folder => MakeAsync(lab, disk, machine, folder, key, ct), ct);
        return SavedState.Load(folder);
    }

    /// <summary>Waits until application and supervisor run.</summary>
    /// <exception cref="HostupException"><c>lab</c>: not within the limit of a boot.</exception>
    public static async Task WaitForContainersAsync(VirtualDevice device, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        GuestCheck[] checks =
        [
            new("the supervisor's health endpoint", ["curl", "--silent", "--fail", "--max-time", "5", "http://127.0.0.1:48484/v1/healthy"]),
            new("the application's container", ["sh", "-c", "docker ps --format {{.Names}} | grep -qx application"]),
        ];
        foreach (var check in checks)
            while ((await device.ExecAsync(check.Command, ct)).ExitCode != 0)
            {
                if (TimeProvider.System.GetElapsedTime(start) > VirtualDevice.BootLimit)
                    throw new HostupException(HostupErrors.Lab, $"cannot see {check.What} on device {device.Record.Name}",
                        $"not within {VirtualDevice.BootLimit.TotalSeconds:0} s", $"read what the device says:\n{await SayAsync(device, ct)}");
                await Task.Delay(TimeSpan.FromMilliseconds(500), ct);
            }
    }

    /// <summary>What a support engineer would look at first; a device that ended a test by this is gone when somebody reads of it.</summary>
    private static async Task<string> SayAsync(VirtualDevice device, CancellationToken ct)
    {
        const string words = "uptime; systemctl list-jobs; systemctl --failed; systemctl status --lines 20 docker balena-supervisor hostup-agent; timeout 20 docker ps --all; ls -l /mnt/state /mnt/state/hostup; journalctl --boot --lines 150 --output short-monotonic";
        var said = await device.ExecAsync(["sh", "-c", $"export SYSTEMD_PAGER= SYSTEMD_COLORS=0; {{ {words}; }} 2>&1"], ct);
        return said.Output;
    }

    private static async Task MakeAsync(LabEnvironment lab, DiskImage disk, QemuMachine machine, string folder, string key, CancellationToken ct)
    {
        await using var device = await VirtualDevice.StartAsync("provision-" + key, disk, machine, VirtualDeviceOptions.In(lab), ct);
        long start = TimeProvider.System.GetTimestamp();
        void Say(string what) => lab.Progress($"provisioning: {what} after {TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s");
        await device.WaitForGuestAsync(ct);
        Say("guest agent answers");
        await device.RunAsync(["systemctl", "start", "docker.service"], ct);
        Say("container engine runs");
        await device.RunAsync(["docker", "load", "--input", "/mnt/data/provision/application.tar"], ct);
        await device.RunAsync(
        [
            "docker", "run", "--detach", "--name", "application", "--restart", "always", "--network", "host",
            "--volume", "application-data:/data", PayloadImages.ApplicationReference,
        ], ct);
        Say("application runs");
        await device.RunAsync(["docker", "load", "--input", "/mnt/data/provision/supervisor.tar"], ct);
        await device.RunAsync(["systemctl", "restart", "balena-supervisor.service"], ct);
        await WaitForContainersAsync(device, ct);
        Say("supervisor answers");
        await device.RunAsync(["rm", "--recursive", "/mnt/data/provision"], ct);
        await device.RunAsync(["sync"], ct);
        await SavedState.SaveAsync(device, machine, folder, ct);
        Say("saved");
    }

    private sealed record GuestCheck(string What, IReadOnlyList<string> Command);
}
