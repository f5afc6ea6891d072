using Hostup.Core.Devices;
using Hostup.Updates.Files;

namespace Hostup.Updates.Boot;

/// <summary>Finds the boot environment of a device: by what lies on its boot partition, within what is known of its type.</summary>
public static class BootEnvironments
{
    // EFI and legacy GRUB, as upstream's grub.cfg looks for it.
    private static readonly string[] GrubFiles = [Places.Boot + "/EFI/BOOT/grubenv", Places.Boot + "/grub/grubenv"];

    /// <summary>Finds it. One that is not there is found too: reading it says what is missing.</summary>
    /// <param name="files">The device's files.</param>
    /// <param name="deviceType">Slug of the device; empty: not known.</param>
    /// <param name="slots">Partition numbers of slot A and slot B, asked for where a family needs them.</param>
    public static IBootEnvironment Find(IFiles files, string deviceType, Func<(int A, int B)> slots)
    {
        var known = DeviceTypes.Find(deviceType);
        // The order in which upstream's rollback programs look.
        string[] found = [.. new[] { BootLoaders.UBoot, BootLoaders.Balena, BootLoaders.Grub }.Where(family => FilesOf(family).Any(f => IsThere(files, f)))];
        string? family = known is null ? found.FirstOrDefault() : known.BootLoaders.FirstOrDefault(found.Contains) ?? (known.Direct is null ? known.BootLoaders[0] : BootLoaders.Direct);
        return family switch
        {
            BootLoaders.UBoot => new UBootEnvironment(files),
            BootLoaders.Balena => new BalenaBootEnvironment(files, slots()),
            BootLoaders.Direct => new DirectBootEnvironment(files, FormOf(known!.Direct!), slots()),
            _ => new GrubEnvironment(files, GrubFiles.FirstOrDefault(f => IsThere(files, f)) ?? GrubFiles[0]),
        };
    }

    // Why a boot partition cannot be read is said by whoever reads the environment.
    private static bool IsThere(IFiles files, string path)
    {
        try
        {
            return files.Exists(path);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static IReadOnlyList<string> FilesOf(string family) => family switch
    {
        BootLoaders.UBoot => [UBootEnvironment.File],
        BootLoaders.Balena => [BalenaBootEnvironment.File],
        _ => GrubFiles,
    };

    private static DirectBootForm FormOf(string name) => name switch
    {
        "command-line" => DirectBootForm.CommandLine,
        "grub-label" => DirectBootForm.GrubLabel,
        "u-env" => DirectBootForm.UEnv,
        _ => throw new InvalidOperationException($"bug: device-types.json names form '{name}'"),
    };
}
