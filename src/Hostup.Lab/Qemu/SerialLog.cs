using System.Text;
using Hostup.Core.Errors;

namespace Hostup.Lab.Qemu;

/// <summary>The serial console of a device, as a growing file.</summary>
/// <param name="path">The file.</param>
public sealed class SerialLog(string path)
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);

    /// <summary>Number of bytes so far: a place from which to wait.</summary>
    public long Length => File.Exists(path) ? new FileInfo(path).Length : 0;

    /// <summary>What was written since a place.</summary>
    public string Read(long fromByte)
    {
        if (!File.Exists(path))
            return "";
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = Math.Min(fromByte, stream.Length);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>Waits until a text appears after a place.</summary>
    /// <returns>The place after the text.</returns>
    /// <exception cref="HostupException"><c>lab</c>: not within the limit.</exception>
    public async Task<long> WaitAsync(string marker, long fromByte, TimeSpan limit, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < limit)
        {
            string text = Read(fromByte);
            int at = text.IndexOf(marker, StringComparison.Ordinal);
            if (at >= 0)
                return fromByte + Encoding.UTF8.GetByteCount(text.AsSpan(0, at + marker.Length));
            await Task.Delay(Again, ct);
        }
        string tail = Read(Math.Max(0, Length - 500));
        throw new HostupException(HostupErrors.Lab, $"cannot see '{marker}' on the serial console", $"not within {limit.TotalSeconds:0} s; it ends with: {tail}",
            "read the whole serial log");
    }
}
