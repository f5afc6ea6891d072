using Hostup.Lab.Devices;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>The file system of a guest's boot partition, as fsck.fat judges it.</summary>
public static class GuestBootPartition
{
    // Clusters that nobody has, and the mark of a file system that was open, cost nothing.
    private static readonly string[] Faults = ["share clusters", "ontains a free cluster", "ontains a bad cluster", "Truncating file"];

    /// <summary>Requires that no file of it lacks its clusters or has another's.</summary>
    public static async Task RequireSoundAsync(VirtualDevice device, CancellationToken ct)
    {
        string check = (await device.ExecAsync(["sh", "-c", "systemctl stop balena-supervisor; sync; fsck.fat -n /dev/disk/by-partlabel/resin-boot"], ct)).Output;

        Assert.Contains("clusters", check, StringComparison.Ordinal);
        foreach (string fault in Faults)
            Assert.DoesNotContain(fault, check, StringComparison.Ordinal);
    }
}
