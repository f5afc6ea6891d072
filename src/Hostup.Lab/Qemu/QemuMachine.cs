using System.Text.Json.Serialization;
using Hostup.Core.Devices;
using Hostup.Lab.Boot;
using Hostup.Lab.Devices;

namespace Hostup.Lab.Qemu;

/// <summary>The virtual hardware. Saved states load only into the same hardware, so it is described in this one place.</summary>
/// <param name="Accelerator">Value of -accel.</param>
/// <param name="MemoryMiB">Memory of the guest.</param>
/// <param name="Family">Family of its boot loader.</param>
public sealed record QemuMachine(string Accelerator, int MemoryMiB, string Family = BootLoaders.Grub)
{
    /// <summary>What boots it.</summary>
    [JsonIgnore]
    public LabBootLoader Loader => LabBootLoader.Of(Family);

    /// <summary>Arguments of QEMU for a device. QEMU detaches itself and writes its process id to the file <c>pid</c>.</summary>
    /// <param name="record">Names the files and sockets.</param>
    /// <param name="writeLog">File that receives every write of the disk; null for none.</param>
    /// <param name="savedState">Saved state to go on from; null for a cold start.</param>
    public IReadOnlyList<string> Arguments(DeviceRecord record, string? writeLog, string? savedState)
    {
        List<string> arguments =
        [
            "-name", record.Name, "-M", Loader.Machine, "-accel", Accelerator, "-cpu", "max", "-smp", "2", "-m", MemoryMiB.ToString(null, null),
            "-display", "none", "-nodefaults", "-no-user-config", "-daemonize", "-pidfile", Path.Combine(record.RuntimeFolder, "pid"),
            .. Loader.FirmwareArguments(record.FirmwareVariables),
            // the device's own flushes order its writes; they need not reach this machine's disk, it is not the one that loses power
            "-blockdev", $"driver=file,node-name=disk-file,filename={record.Disk},cache.no-flush=on",
            "-blockdev", "driver=qcow2,node-name=disk,file=disk-file,discard=unmap",
        ];
        if (writeLog is not null)
            arguments.AddRange(
            [
                "-blockdev", $"driver=file,node-name=log-file,filename={writeLog},cache.no-flush=on",
                "-blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log-file,log-sector-size=512,log-super-update-interval=1",
            ]);
        arguments.AddRange(
        [
            "-device", $"virtio-blk-pci,drive={(writeLog is null ? "disk" : "logged")},bootindex=0,write-cache=on",
            "-chardev", $"file,id=serial,path={record.SerialLog},append=on", "-serial", "chardev:serial",
            "-device", "virtio-serial-pci",
            "-chardev", $"socket,id=agent,path={record.AgentSocket},server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            "-qmp", $"unix:{record.MonitorSocket},server=on,wait=off",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
        ]);
        if (savedState is not null)
            arguments.AddRange(["-incoming", $"exec:cat '{savedState}'"]);
        return arguments;
    }
}
