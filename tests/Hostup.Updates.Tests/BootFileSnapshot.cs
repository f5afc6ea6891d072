using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Hostup.Core;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests;

/// <summary>
/// Names, sizes and contents on a simulated boot partition; the boot loader's variables left out, and the directory of the slot that the attempt writes: that one alone may
/// differ, and holds nothing but files of the release.
/// </summary>
internal static class BootFileSnapshot
{
    private static readonly string[] Variables = ["EFI/BOOT/grubenv", "bootenv", "resinOS_uEnv.txt", "bootcount.env", "uEnv.txt"];

    private static readonly ConcurrentDictionary<(SimRelease, string), string> Known = new();

    public static string Of(SimDevice device)
    {
        string spare = string.Create(CultureInfo.InvariantCulture, $"slot-{device.SpareSlot.PartitionNumber:x}/");
        var paths = device.Files.ListFiles(Places.Boot).ToLookup(p => p.StartsWith(spare, StringComparison.Ordinal));
        var release = device.Target.Release.BootFiles.Select(f => f.Path).Where(p => p.StartsWith("per-slot/", StringComparison.Ordinal)).Select(p => spare + p["per-slot/".Length..]);
        Assert.Empty(paths[true].Except(release));
        return Lines(paths[false].ToDictionary(p => p, p => device.Boot.Read($"{Places.Boot}/{p}")!));
    }

    /// <summary>As a simulated device is provisioned with this release.</summary>
    public static string Provisioned(SimRelease release, SimBootFamily? family = null) =>
        Known.GetOrAdd((release, family?.Name ?? ""), _ => Of(new SimDevice(release, release, family: family)));

    private static string Lines(Dictionary<string, byte[]> files)
    {
        var text = new StringBuilder();
        foreach (var (path, content) in files.Where(f => !Variables.Contains(f.Key)).OrderBy(f => f.Key, StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture, $"{path} {content.Length} {Digest.Of(content).Hex[..12]}\n");
        return text.ToString();
    }
}
