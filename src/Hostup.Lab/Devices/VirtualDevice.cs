using Hostup.Core.Errors;
using Hostup.Lab.Disks;
using Hostup.Lab.Guests;
using Hostup.Lab.Programs;
using Hostup.Lab.Qemu;

namespace Hostup.Lab.Devices;

/// <summary>
/// A device that really boots: QEMU with firmware, boot loader, kernel and container engine. It ends with the process that started
/// it unless it is told to stay.
/// </summary>
public sealed class VirtualDevice : IAsyncDisposable
{
    /// <summary>A whole boot takes about half a minute under software emulation; four times that on a loaded machine is not wrong yet.</summary>
    public static readonly TimeSpan BootLimit = TimeSpan.FromSeconds(300);

    private readonly QemuMachine _machine;
    private string? _writeLog;

    private VirtualDevice(DeviceRecord record, QemuMachine machine, string? writeLog)
    {
        Record = record;
        _machine = machine;
        _writeLog = writeLog;
        Guest = new GuestAgent(record.AgentSocket);
        Monitor = new QmpClient(record.MonitorSocket);
        Serial = new SerialLog(record.SerialLog);
    }

    /// <summary>What other processes know of it.</summary>
    public DeviceRecord Record { get; private set; }

    /// <summary>Commands and files in the guest.</summary>
    public GuestAgent Guest { get; }

    /// <summary>The control channel of the virtual machine.</summary>
    public QmpClient Monitor { get; }

    /// <summary>The serial console of all its boots.</summary>
    public SerialLog Serial { get; }

    /// <summary>Powers a new device on, from a disk as it leaves the factory.</summary>
    public static async Task<VirtualDevice> StartAsync(string name, DiskImage disk, QemuMachine machine, VirtualDeviceOptions options, CancellationToken ct)
    {
        var device = await PrepareAsync(name, machine, options, ct);
        await OverlayAsync(disk.Path, "raw", device.Record.Disk, ct);
        if (machine.Loader.FirmwareVariables is { } variables)
            await new Tool("qemu-img").RunAsync(["convert", "-O", "qcow2", variables, device.Record.FirmwareVariables], ct);
        await device.RunQemuAsync(null, ct);
        return device;
    }

    /// <summary>Goes on from a saved state: the guest is up within seconds, with its engine and containers running.</summary>
    public static async Task<VirtualDevice> StartFromSavedAsync(string name, SavedState saved, VirtualDeviceOptions options, CancellationToken ct)
    {
        var device = await PrepareAsync(name, saved.Machine, options, ct);
        await OverlayAsync(saved.Disk, "qcow2", device.Record.Disk, ct);
        if (saved.Machine.Loader.FirmwareVariables is not null)
            await OverlayAsync(saved.FirmwareVariables, "qcow2", device.Record.FirmwareVariables, ct);
        await device.RunQemuAsync(saved.MachineState, ct);
        await device.WaitForStatusAsync(s => s is not "inmigrate", ct);
        await device.Monitor.RunAsync("cont", null, ct);
        // the guest's clock still shows the time of saving
        await device.Guest.ExecAsync(["date", "--utc", "--set", "@" + TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()], BootLimit, ct);
        return device;
    }

    /// <summary>Powers it on again after <see cref="KillAsync"/>, with the disk as it was left.</summary>
    /// <param name="writeLog">File that receives every write of the disk from now on; null for none.</param>
    /// <param name="ct">Ends the start.</param>
    public async Task PowerOnAsync(string? writeLog, CancellationToken ct)
    {
        _writeLog = writeLog;
        await RunQemuAsync(null, ct);
    }

    /// <summary>Ends the virtual machine at once, as if its plug were pulled, but with the writes it has issued kept by this machine.</summary>
    public async Task KillAsync(CancellationToken ct)
    {
        if (Record.Qemu is { } qemu)
            await qemu.KillAsync(ct);
        Record = Record with { Qemu = null };
        Record.Save();
    }

    /// <summary>Presses the reset button.</summary>
    public Task ResetAsync(CancellationToken ct) => Monitor.RunAsync("system_reset", null, ct);

    /// <summary>Runs a program of the guest to its end; at most two minutes.</summary>
    public Task<GuestResult> ExecAsync(IReadOnlyList<string> command, CancellationToken ct) => Guest.ExecAsync(command, TimeSpan.FromMinutes(2), ct);

    /// <summary>Runs a program of the guest that must end with 0 and returns its output.</summary>
    /// <exception cref="HostupException"><c>lab</c>: another exit status.</exception>
    public async Task<string> RunAsync(IReadOnlyList<string> command, CancellationToken ct)
    {
        var result = await ExecAsync(command, ct);
        return result.ExitCode == 0 ? result.Output : throw new HostupException(HostupErrors.Lab,
            $"cannot run '{string.Join(' ', command)}' in the device", $"exit status {result.ExitCode}: {result.Error.Trim()}", "read its message");
    }

    /// <summary>Writes a file in the guest.</summary>
    public async Task PutFileAsync(string source, string guestPath, CancellationToken ct)
    {
        await using var content = File.OpenRead(source);
        await Guest.PutFileAsync(guestPath, content, ct);
    }

    /// <summary>Reads a file of the guest.</summary>
    public async Task GetFileAsync(string guestPath, string target, CancellationToken ct)
    {
        await using var output = File.Create(target);
        await Guest.GetFileAsync(guestPath, output, ct);
    }

    /// <summary>Waits until the guest agent answers.</summary>
    public Task WaitForGuestAsync(CancellationToken ct) => Guest.WaitAsync(BootLimit, ct);

    /// <summary>The kernel's id of this boot.</summary>
    public async Task<string> BootIdAsync(CancellationToken ct) => (await RunAsync(["cat", "/proc/sys/kernel/random/boot_id"], ct)).Trim();

    /// <summary>Waits until the guest answers in another boot than that one.</summary>
    /// <returns>The id of the new boot.</returns>
    public async Task<string> WaitForRebootAsync(string bootId, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < BootLimit)
        {
            try
            {
                await WaitForGuestAsync(ct);
                string now = await BootIdAsync(ct);
                if (now != bootId)
                    return now;
            }
            catch (HostupException)
            {
                // the agent ended while it was being asked: the guest is on its way down
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), ct);
        }
        throw new HostupException(HostupErrors.Lab, $"cannot see device {Record.Name} boot again", $"still in boot {bootId} after {BootLimit.TotalSeconds:0} s",
            "read its serial log");
    }

    /// <summary>Reboots the guest in an orderly way and waits until it answers again.</summary>
    /// <returns>The id of the new boot.</returns>
    public async Task<string> RebootAsync(CancellationToken ct)
    {
        string bootId = await BootIdAsync(ct);
        await Guest.StartAsync(["systemctl", "--no-block", "reboot"], ct);
        return await WaitForRebootAsync(bootId, ct);
    }

    /// <summary>Ends the device and removes its disk.</summary>
    public Task StopAsync(CancellationToken ct) => Record.EndAsync(ct);

    /// <summary>Ends the device unless it is told to stay.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Record.Owner is not null)
            await StopAsync(CancellationToken.None);
    }

    /// <summary>Writes the whole machine to files and ends it. See <see cref="SavedState"/>.</summary>
    internal async Task SaveAsync(string machineState, CancellationToken ct)
    {
        await Monitor.RunAsync("stop", null, ct);
        await Monitor.RunAsync("migrate", new System.Text.Json.Nodes.JsonObject { ["uri"] = $"exec:cat > '{machineState}'" }, ct);
        while (true)
        {
            var status = await Monitor.RunAsync("query-migrate", null, ct);
            string? word = status.TryGetProperty("status", out var value) ? value.GetString() : null;
            if (word == "completed")
                break;
            if (word is "failed" or "cancelled")
                throw new HostupException(HostupErrors.Lab, $"cannot save device {Record.Name}", status.ToString(), "see whether the cache folder is full");
            await Task.Delay(TimeSpan.FromMilliseconds(100), ct);
        }
        await Monitor.RunAsync("quit", null, ct);
        while (Record.Qemu!.IsRunning)
            await Task.Delay(TimeSpan.FromMilliseconds(20), ct);
    }

    private static async Task<VirtualDevice> PrepareAsync(string name, QemuMachine machine, VirtualDeviceOptions options, CancellationToken ct)
    {
        await DeviceRecord.EndAbandonedAsync(ct);
        if (DeviceRecord.Load(name) is { } old)
            await old.EndAsync(ct);
        var owner = options.Stays ? null : ProcessIdentity.Of(Environment.ProcessId);
        var record = new DeviceRecord(name, null, owner, options.Companions, Path.Combine(options.Folder, name));
        Directory.CreateDirectory(record.DiskFolder);
        record.Save();
        return new VirtualDevice(record, machine, options.WriteLog);
    }

    private static Task<string> OverlayAsync(string source, string format, string target, CancellationToken ct) =>
        new Tool("qemu-img").RunAsync(["create", "-q", "-f", "qcow2", "-b", source, "-F", format, target], ct);

    private async Task RunQemuAsync(string? savedState, CancellationToken ct)
    {
        if (_writeLog is not null)
            await File.WriteAllBytesAsync(_writeLog, [], ct);
        await new Tool("qemu-system-x86_64").RunAsync(_machine.Arguments(Record, _writeLog, savedState), TimeSpan.FromMinutes(2), null, ct);
        int pid = int.Parse(await File.ReadAllTextAsync(Path.Combine(Record.RuntimeFolder, "pid"), ct), null);
        Record = Record with { Qemu = ProcessIdentity.Of(pid) };
        Record.Save();
    }

    private async Task WaitForStatusAsync(Func<string, bool> reached, CancellationToken ct)
    {
        while (!reached((await Monitor.RunAsync("query-status", null, ct)).GetProperty("status").GetString()!))
            await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
    }
}
