using System.Globalization;
using System.Text;

namespace Hostup.Linux.Engine;

/// <summary>The head of a request of HTTP/1.1, as far as a relay needs it.</summary>
/// <param name="Method">GET, HEAD or another word in capitals.</param>
/// <param name="Path">The target as it stands there: nothing is decoded.</param>
/// <param name="From">First byte wanted; zero: all. Ranges with an end are not heeded, which every server may do.</param>
public sealed record RelayRequest(string Method, string Path, long From)
{
    /// <summary>Most bytes of a head; those of engines have some 300.</summary>
    public const int MaxBytes = 8 << 10;

    /// <summary>Reads a head with the empty line at its end.</summary>
    /// <returns>Null when it is none.</returns>
    public static RelayRequest? Parse(ReadOnlySpan<byte> head)
    {
        if (head.Length > MaxBytes || !head.EndsWith("\r\n\r\n"u8) || head.ContainsAnyExceptInRange((byte)' ', (byte)'~') && HasStrange(head))
            return null;
        string[] lines = Encoding.ASCII.GetString(head[..^4]).Split("\r\n");
        if (lines[0].Split(' ') is not [{ Length: > 0 and <= 16 } method, { Length: > 0 } path, "HTTP/1.1" or "HTTP/1.0"]
            || method.AsSpan().ContainsAnyExceptInRange('A', 'Z') || path[0] != '/' || lines.Skip(1).Any(l => l.IndexOf(':', StringComparison.Ordinal) <= 0))
            return null;
        var ranges = lines.Skip(1).Where(l => l.StartsWith("Range:", StringComparison.OrdinalIgnoreCase)).ToList();
        return new RelayRequest(method, path, ranges is [var range] ? FromOf(range["Range:".Length..].Trim()) : 0);
    }

    // Lines end with CR LF; a tab may stand in a header.
    private static bool HasStrange(ReadOnlySpan<byte> head)
    {
        for (int i = 0; i < head.Length; i++)
        {
            bool good = head[i] is >= (byte)' ' and <= (byte)'~' or (byte)'\t'
                || (head[i] == '\r' && i + 1 < head.Length && head[i + 1] == '\n') || (head[i] == '\n' && i > 0 && head[i - 1] == '\r');
            if (!good)
                return true;
        }
        return false;
    }

    private static long FromOf(string range) =>
        range.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase) && range.EndsWith('-')
        && long.TryParse(range.AsSpan(6, range.Length - 7), NumberStyles.None, CultureInfo.InvariantCulture, out long from) ? from : 0;
}
