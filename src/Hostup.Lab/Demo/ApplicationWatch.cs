using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Devices;

namespace Hostup.Lab.Demo;

/// <summary>
/// The user's application, watched over an update: it leaves a line five times a second and owns a volume whose content never changes.
/// </summary>
/// <param name="BootId">The boot in which the watch began.</param>
/// <param name="Lines">Lines that were there then.</param>
/// <param name="Content">SHA-256 of the volume's content then, hexadecimal.</param>
public sealed record ApplicationWatch(string BootId, int Lines, string Content)
{
    private const string Volume = ProvisionedDevice.ApplicationVolume;
    private const string Logs = "/mnt/data/balenahup/hostup-update.*.log";

    // its times are whole seconds
    private static readonly TimeSpan OfTheLog = TimeSpan.FromSeconds(1);

    /// <summary>Begins to watch.</summary>
    public static async Task<ApplicationWatch> BeginAsync(VirtualDevice device, CancellationToken ct) => new(
        await device.BootIdAsync(ct),
        int.Parse((await device.RunAsync(["sh", "-c", $"wc -l < {Volume}/heartbeat"], ct)).Trim(), CultureInfo.InvariantCulture),
        await ContentAsync(device, ct));

    /// <summary>
    /// Seconds of the longest gap between the last line before the watch began and the moment when the update began to reboot the device, as its log
    /// says: an application that stops early and stays stopped has a gap up to there.
    /// </summary>
    /// <exception cref="HostupException"><c>lab</c>: no reboot is in the update's log, or no line was left in that boot.</exception>
    public async Task<double> LongestGapAsync(VirtualDevice device, CancellationToken ct) => await LongestGapAsync(device, await RebootAsync(device, ct), OfTheLog, ct);

    /// <summary>The same up to now, where nothing reboots the device.</summary>
    /// <exception cref="HostupException"><c>lab</c>: no line was left in that boot.</exception>
    public async Task<double> LongestGapSoFarAsync(VirtualDevice device, CancellationToken ct) =>
        await LongestGapAsync(device, Time((await device.RunAsync(["date", "--utc", "+%Y-%m-%dT%H:%M:%S.%7NZ"], ct)).Trim()), TimeSpan.Zero, ct);

    /// <summary>In how many boots the application ran since the watch began.</summary>
    public async Task<int> BootsAsync(VirtualDevice device, CancellationToken ct) =>
        (await ReadAsync(device, Lines, ct)).Select(beat => beat.BootId).Distinct().Count();

    /// <summary>Whether the volume's content is, byte for byte, what it was when the watch began.</summary>
    public async Task<bool> VolumeIsIntactAsync(VirtualDevice device, CancellationToken ct) => await ContentAsync(device, ct) == Content;

    // Of the content itself: the application would write content and checksum anew into an empty volume.
    private static async Task<string> ContentAsync(VirtualDevice device, CancellationToken ct) =>
        (await device.ExecAsync(["sha256sum", Volume + "/content"], ct)) is { ExitCode: 0, Output: var output } ? output.Split(' ')[0] : "there is none";

    private async Task<double> LongestGapAsync(VirtualDevice device, DateTime end, TimeSpan within, CancellationToken ct)
    {
        var beats = (await ReadAsync(device, Math.Max(0, Lines - 1), ct)).Where(beat => beat.BootId == BootId).ToList();
        if (beats is [])
            throw new HostupException(HostupErrors.Lab, "cannot measure the application's gaps", $"it left no line in boot {BootId}", $"read {Volume}/heartbeat in the device");
        double between = beats.Zip(beats.Skip(1), (a, b) => b.Milliseconds - a.Milliseconds).DefaultIfEmpty().Max() / 1000.0;
        // The end lies in this span of time: an application that was silent when it began is taken to be silent up to its end.
        return Math.Max(between, beats[^1].Time >= end ? 0 : (end + within - beats[^1].Time).TotalSeconds);
    }

    private static DateTime Time(string text) => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);

    // When the log says that the reboot begins; a whole second, the one that had begun.
    private static async Task<DateTime> RebootAsync(VirtualDevice device, CancellationToken ct)
    {
        string lines = await device.RunAsync(["sh", "-c", $"cat {Logs}"], ct);
        string? line = lines.Split('\n').FirstOrDefault(l => l.Split(' ') is [_, var state, ..] && state.TrimEnd(':') == AttemptStates.Rebooting);
        return line is not null
            ? Time(line.Split(' ')[0])
            : throw new HostupException(HostupErrors.Lab, "cannot tell when the device was rebooted", $"'{AttemptStates.Rebooting}' is not in the update's log", $"read {Logs} in the device");
    }

    private static async Task<IReadOnlyList<(string BootId, long Milliseconds, DateTime Time)>> ReadAsync(VirtualDevice device, int skipLines, CancellationToken ct)
    {
        string local = Path.GetTempFileName();
        try
        {
            await device.GetFileAsync(Volume + "/heartbeat", local, ct);
            return [.. (await File.ReadAllLinesAsync(local, ct)).Skip(skipLines).Select(l => l.Split(' ')).Where(f => f.Length == 3)
                .Select(f => (f[0], long.Parse(f[1], CultureInfo.InvariantCulture), Time(f[2])))];
        }
        finally
        {
            File.Delete(local);
        }
    }
}
