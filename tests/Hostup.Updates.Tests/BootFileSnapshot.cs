using System.Collections.Concurrent;
using System.Text;
using Hostup.Core;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests;

/// <summary>Names, sizes and contents on a simulated boot partition; the boot loader's variables and the directory of the spare slot left out.</summary>
internal static class BootFileSnapshot
{
    private static readonly string[] Variables = ["EFI/BOOT/grubenv", "bootenv", "resinOS_uEnv.txt", "bootcount.env", "uEnv.txt"];

    private static readonly ConcurrentDictionary<(SimRelease, string), string> Known = new();

    public static string Of(SimDevice device) => Lines(device.Files.ListFiles(Places.Boot).ToDictionary(p => p, p => device.Boot.Read($"{Places.Boot}/{p}")!));

    /// <summary>As a simulated device is provisioned with this release.</summary>
    public static string Provisioned(SimRelease release, SimBootFamily? family = null) =>
        Known.GetOrAdd((release, family?.Name ?? ""), _ => Of(new SimDevice(release, release, family: family)));

    private static string Lines(Dictionary<string, byte[]> files)
    {
        var text = new StringBuilder();
        foreach (var (path, content) in files.Where(f => !Variables.Contains(f.Key) && !f.Key.StartsWith("slot-3/", StringComparison.Ordinal)).OrderBy(f => f.Key, StringComparer.Ordinal))
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{path} {content.Length} {Digest.Of(content).Hex[..12]}\n");
        return text.ToString();
    }
}
