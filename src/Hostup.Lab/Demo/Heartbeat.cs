using System.Globalization;
using Hostup.Lab.Devices;

namespace Hostup.Lab.Demo;

/// <summary>The lines that the user's application leaves five times a second.</summary>
public static class Heartbeat
{
    /// <summary>Seconds of the longest gap within one boot of the device, from the line that was last when the update was asked for.</summary>
    /// <param name="device">The device.</param>
    /// <param name="bootId">The boot.</param>
    /// <param name="skipLines">Lines that were there before.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task<double> LongestGapAsync(VirtualDevice device, string bootId, int skipLines, CancellationToken ct)
    {
        long[] beats = [.. (await ReadAsync(device, skipLines, ct)).Where(beat => beat.BootId == bootId).Select(beat => beat.Milliseconds)];
        return beats.Length < 2 ? double.NaN : beats.Zip(beats.Skip(1), (a, b) => b - a).Max() / 1000.0;
    }

    /// <summary>In how many boots of the device the application ran, from the line that was last when the update was asked for.</summary>
    public static async Task<int> BootsAsync(VirtualDevice device, int skipLines, CancellationToken ct) =>
        (await ReadAsync(device, skipLines, ct)).Select(beat => beat.BootId).Distinct().Count();

    /// <summary>Lines so far.</summary>
    public static async Task<int> CountAsync(VirtualDevice device, CancellationToken ct) =>
        int.Parse((await device.RunAsync(["sh", "-c", $"wc -l < {ProvisionedDevice.ApplicationVolume}/heartbeat"], ct)).Trim(), CultureInfo.InvariantCulture);

    /// <summary>Whether the volume's content is what it was.</summary>
    public static async Task<bool> VolumeIsIntactAsync(VirtualDevice device, CancellationToken ct) =>
        (await device.ExecAsync(["sh", "-c", $"cd {ProvisionedDevice.ApplicationVolume} && sha256sum --check --status content.sha256"], ct)).ExitCode == 0;

    private static async Task<IReadOnlyList<(string BootId, long Milliseconds)>> ReadAsync(VirtualDevice device, int skipLines, CancellationToken ct)
    {
        string local = Path.GetTempFileName();
        try
        {
            await device.GetFileAsync(ProvisionedDevice.ApplicationVolume + "/heartbeat", local, ct);
            return [.. (await File.ReadAllLinesAsync(local, ct)).Skip(skipLines).Select(l => l.Split(' ')).Where(f => f.Length == 3)
                .Select(f => (f[0], long.Parse(f[1], CultureInfo.InvariantCulture)))];
        }
        finally
        {
            File.Delete(local);
        }
    }
}
