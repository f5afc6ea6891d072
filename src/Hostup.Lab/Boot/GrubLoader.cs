using Hostup.Lab.Programs;

namespace Hostup.Lab.Boot;

/// <summary>The boot loader program for a UEFI machine.</summary>
public static class GrubLoader
{
    private const string Modules =
        "part_gpt fat ext2 normal linux loadenv test echo search search_label probe regexp configfile reboot halt serial terminal gzio sleep true boot";

    /// <summary>Writes BOOTX64.EFI.</summary>
    /// <param name="path">File to write.</param>
    /// <param name="ct">Ends the making.</param>
    public static async Task WriteAsync(string path, CancellationToken ct)
    {
        string embedded = path + ".cfg";
        await File.WriteAllTextAsync(embedded, GrubConfig.Embedded, ct);
        await new Tool("grub-mkstandalone").RunAsync(
        [
            "-O", "x86_64-efi", "-o", path, "--modules=" + Modules, "--install-modules=" + Modules, "--locales=", "--themes=", "--fonts=",
            "boot/grub/grub.cfg=" + embedded,
        ], ct);
        File.Delete(embedded);
    }
}
