using System.Security.Cryptography;
using System.Text;

namespace Hostup.Device;

/// <summary>What one file of an attempt's log holds. A file only grows, so what was read of it once stays its beginning.</summary>
/// <param name="Id">Tells it from every other one, also from one that had the same name and is gone.</param>
/// <param name="Lines">Its bytes up to the end of the last whole line.</param>
internal sealed record LogPiece(string Id, ReadOnlyMemory<byte> Lines)
{
    private const string Begin = "attempt ";
    private const int IdBytes = 8;

    /// <summary>The first words of a log: whose it is, and a number of its own.</summary>
    public static string FirstWords(string attemptId) =>
        $"{Begin}{attemptId}, hostup-device {ThisProgram.Version}, log {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";

    /// <summary>What the processes of one attempt logged so far, in order; only of files that are still there, and of one that cannot be read why.</summary>
    public static IReadOnlyList<LogPiece> Of(string attemptId, string data = LogFiles.Data, string memory = LogFiles.Memory) =>
        [.. LogFiles.List(data, memory).Select(f => Read(f, Encoding.UTF8.GetBytes(Begin + attemptId))).OfType<LogPiece>()];

    private static LogPiece? Read(string log, byte[] words)
    {
        try
        {
            byte[] all = File.ReadAllBytes(log);
            return all.AsSpan().IndexOf(words) < 0 ? null : Whole(all);
        }
        catch (FileNotFoundException)
        {
            return null; // it made room for a newer one just now
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            return Whole(Encoding.UTF8.GetBytes($"log {log} cannot be read: {e.Message}\n"));
        }
    }

    private static LogPiece? Whole(byte[] all)
    {
        int first = Array.IndexOf(all, (byte)'\n') + 1, end = Array.LastIndexOf(all, (byte)'\n') + 1;
        return first == 0 ? null : new LogPiece(Convert.ToHexStringLower(SHA256.HashData(all.AsSpan(0, first)).AsSpan(0, IdBytes)), all.AsMemory(0, end));
    }
}
