using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Hostup.Lab.Payload;

/// <summary>
/// The user's application: it must not notice an update before the reboot. It leaves a line five times a second, so that the
/// longest gap can be measured, and owns a file whose checksum it wrote down once.
/// </summary>
/// <param name="volume">Folder of its volume.</param>
internal sealed class Application(string volume)
{
    private const int ContentBytes = 1 << 20;
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(200);

    public async Task RunAsync(CancellationToken ct)
    {
        WriteContentOnce();
        string boot = (await File.ReadAllTextAsync("/proc/sys/kernel/random/boot_id", ct)).Trim();
        await using var heartbeat = new FileStream(Path.Combine(volume, "heartbeat"), FileMode.Append, FileAccess.Write, FileShare.Read);
        using var timer = new PeriodicTimer(Beat);
        do
        {
            // CLOCK_MONOTONIC: comparable within one boot only, hence the boot id
            long milliseconds = Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1000);
            string line = $"{boot} {milliseconds} {DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ}\n";
            await heartbeat.WriteAsync(Encoding.ASCII.GetBytes(line), ct);
            await heartbeat.FlushAsync(ct);
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    /// <summary>content.sha256 is in the format of sha256sum -c.</summary>
    private void WriteContentOnce()
    {
        string content = Path.Combine(volume, "content");
        string checksum = Path.Combine(volume, "content.sha256");
        if (File.Exists(checksum))
            return;
        byte[] bytes = RandomNumberGenerator.GetBytes(ContentBytes);
        Write(content, bytes);
        Write(checksum, Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  content\n"));
    }

    private static void Write(string path, byte[] bytes)
    {
        using var file = new FileStream(path, FileMode.Create);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }
}
