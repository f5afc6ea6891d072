using Hostup.Lab.Images;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Qemu;

/// <summary>How QEMU runs the guest's processor: KVM where it really works, else software emulation.</summary>
public static class Accelerator
{
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(15);
    private const string Works = "HOSTUP-LAB: accelerator works";

    private const string Script = $"""
        #!/bin/busybox sh
        echo "{Works}" > /dev/console
        /bin/busybox reboot -f

        """;

    /// <summary>
    /// The value of -accel. A device file proves nothing, some machines offer one that cannot run a kernel: a kernel is booted once per
    /// boot of this machine and must reach its init within 15 s.
    /// </summary>
    public static async Task<string> ChooseAsync(LabEnvironment lab, HostOsTree tree, CancellationToken ct)
    {
        // What was translated of a page stays until all of it is thrown away, also over a reset: firmware whose stack comes to lie on a page that the OS ran much code from takes longer
        // for each store than from one timer interrupt to the next, for ever. Megabytes: a quarter of this cache has a quarter of that.
        const string emulation = "tcg,thread=multi,tb-size=128";
        if (!File.Exists("/dev/kvm"))
            return emulation;
        string boot = (await File.ReadAllTextAsync("/proc/sys/kernel/random/boot_id", ct)).Trim();
        string folder = await lab.Cache.GetAsync("accelerator", boot, folder => ProbeAsync(tree, folder, ct), ct);
        return await File.ReadAllTextAsync(Path.Combine(folder, "kvm"), ct) == "yes" ? "kvm" : emulation;
    }

    private static async Task ProbeAsync(HostOsTree tree, string folder, CancellationToken ct)
    {
        string initrd = Path.Combine(folder, "initrd");
        string serial = Path.Combine(folder, "serial");
        Initrd.WriteMinimal(new Tool("busybox").Path!, Script, initrd);
        try
        {
            await new Tool("qemu-system-x86_64").TryRunAsync(
            [
                "-M", "q35", "-accel", "kvm", "-cpu", "max", "-m", "256", "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot",
                "-kernel", Path.Combine(tree.Root, "boot/vmlinuz"), "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1",
                "-chardev", "file,id=serial,path=" + serial, "-serial", "chardev:serial",
            ], ProbeLimit, null, null, ct);
        }
        catch (Core.Errors.HostupException)
        {
            // still running at the limit: it does not work, the serial log says so too
        }
        bool works = File.Exists(serial) && (await File.ReadAllTextAsync(serial, ct)).Contains(Works, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "kvm"), works ? "yes" : "no", ct);
    }
}
