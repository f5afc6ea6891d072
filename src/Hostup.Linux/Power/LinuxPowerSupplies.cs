using System.Globalization;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Power;

/// <summary>The supplies that the kernel shows: Documentation/ABI/testing/sysfs-class-power.</summary>
/// <param name="root">Put before /sys; empty on a device, a recorded tree in tests.</param>
public sealed class LinuxPowerSupplies(string root = "") : IPowerSupplies
{
    /// <inheritdoc/>
    public IReadOnlyList<PowerSupply> Read()
    {
        string folder = root + "/sys/class/power_supply";
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal).Where(IsOfThisDevice).Select(Describe)]
            : [];
    }

    // The battery of a mouse or a phone is shown too, with another scope.
    private static bool IsOfThisDevice(string supply) => Text(supply, "scope") is null or "System" or "Unknown";

    private static PowerSupply Describe(string supply) => new(
        Path.GetFileName(supply),
        Text(supply, "type") is "Battery" or "UPS",
        Number(supply, "online") is { } online ? online != 0 : null,
        Number(supply, "capacity"));

    private static int? Number(string supply, string attribute) =>
        int.TryParse(Text(supply, attribute), NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) ? number : null;

    // A driver that is not ready answers ENODEV or EAGAIN to a read.
    private static string? Text(string supply, string attribute)
    {
        try
        {
            return File.ReadAllText(Path.Combine(supply, attribute)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
