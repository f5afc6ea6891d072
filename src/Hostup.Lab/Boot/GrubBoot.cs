using Hostup.Core.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.Images;

namespace Hostup.Lab.Boot;

/// <summary>A PC with UEFI firmware that starts GRUB from the boot partition.</summary>
internal sealed class GrubBoot : LabBootLoader
{
    private const string FirmwareCode = "/usr/share/OVMF/OVMF_CODE.fd";

    /// <inheritdoc/>
    public override string Family => BootLoaders.Grub;

    /// <inheritdoc/>
    public override string DeviceType => "genericx86-64-ext";

    /// <inheritdoc/>
    public override DiskLayout Layout => DiskLayout.Full;

    /// <inheritdoc/>
    public override string Machine => "q35";

    /// <inheritdoc/>
    public override string? FirmwareVariables => "/usr/share/OVMF/OVMF_VARS.fd";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, byte[]> Provisioned => new Dictionary<string, byte[]> { ["EFI/BOOT/grubenv"] = GrubEnvironment.Provisioned.ToBytes() };

    /// <inheritdoc/>
    public override IReadOnlyList<string> FirmwareArguments(string variables) =>
        ["-drive", $"if=pflash,unit=0,format=raw,readonly=on,file={FirmwareCode}", "-drive", $"if=pflash,unit=1,format=qcow2,file={variables}"];

    /// <inheritdoc/>
    public override async Task WriteBootFilesAsync(string folder, HostOsRelease release, CancellationToken ct)
    {
        string boot = Directory.CreateDirectory(Path.Combine(folder, "EFI/BOOT")).FullName;
        await File.WriteAllTextAsync(Path.Combine(boot, "grub.cfg"), GrubConfig.Text(release.OsVersion), ct);
        await GrubLoader.WriteAsync(Path.Combine(boot, "BOOTX64.EFI"), ct);
    }
}
