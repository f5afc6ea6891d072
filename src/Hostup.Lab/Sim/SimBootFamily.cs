using System.Text;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;

namespace Hostup.Lab.Sim;

/// <summary>A boot loader family: how it is provisioned, how user space sees it, and how it counts.</summary>
/// <param name="Name">Name in test output.</param>
/// <param name="Environment">User space's side of it.</param>
/// <param name="File">Where the decision lies.</param>
/// <param name="Provisioned">Content of that file at provisioning, slot A.</param>
/// <param name="Count">Writes the count of a trial boot as the boot loader does.</param>
public sealed record SimBootFamily(
    string Name, Func<IFiles, IBootEnvironment> Environment, string File, byte[] Provisioned, Action<SimDevice, BootSettings, int> Count)
{
    private static readonly BootSettings First = new(2, false, 0);

    /// <summary>GRUB that boots with EFI: falls back on the second boot.</summary>
    public static SimBootFamily Grub { get; } = new(
        "grub", files => new GrubEnvironment(files, SimDevice.GrubEnv), SimDevice.GrubEnv, GrubEnvironment.NewBlock(First),
        (device, settings, count) => Overwrite(device, SimDevice.GrubEnv, GrubEnvironment.NewBlock(settings with { BootCount = count })));

    /// <summary>The boot loader that is a kernel of its own: third boot.</summary>
    public static SimBootFamily Balena { get; } = new(
        "balena", files => new BalenaBootEnvironment(files, (2, 3)), BalenaBootEnvironment.File, BalenaBootEnvironment.NewBlock(First, (2, 3)),
        (device, settings, count) => Overwrite(device, BalenaBootEnvironment.File, BalenaBootEnvironment.NewBlock(settings with { BootCount = count }, (2, 3))));

    /// <summary>A loader without trials.</summary>
    public static SimBootFamily Direct { get; } = new(
        "direct", files => new DirectBootEnvironment(files, DirectBootForm.UEnv, (2, 3)), DirectBootEnvironment.FileOf(DirectBootForm.UEnv),
        "mmcroot=/dev/mmcblk0p2\noptargs=quiet\n"u8.ToArray(), (_, _, _) => throw new InvalidOperationException("bug: it counts nothing"));

    /// <summary>U-Boot: above its limit.</summary>
    public static SimBootFamily UBoot(int limit) => new(
        $"u-boot, limit {limit}", files => new UBootEnvironment(files, limit), UBootEnvironment.File, UBootEnvironment.NewFile(First),
        (device, _, count) =>
        {
            // fatwrite of 13 bytes
            device.Boot.Create(UBootEnvironment.CountFile, Encoding.ASCII.GetBytes($"bootcount={count}\n\0"));
            device.Boot.FlushAll();
        });

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SimBootFamily> All { get; } = [Grub, UBoot(3), UBoot(1), Balena, Direct];

    /// <inheritdoc/>
    public override string ToString() => Name;

    // GRUB's save_env overwrites one sector
    private static void Overwrite(SimDevice device, string path, byte[] block)
    {
        device.Boot.Overwrite(path, 0, block);
        device.Boot.Flush(path);
    }
}
