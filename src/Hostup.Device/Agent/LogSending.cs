using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Device.Agent;

/// <summary>
/// The log of an attempt on its way to the server, which only takes what lies behind what it has. A power cut, a reboot or a full partition may take lines from the device
/// that the server has, or has not; so what was sent of which file is kept on the state partition, and what is sent next is whole lines that nobody sent before.
/// </summary>
/// <param name="server">Who takes it.</param>
/// <param name="files">The device's files.</param>
/// <param name="data">The data partition.</param>
/// <param name="memory">The folder in memory.</param>
/// <param name="kept">Where it is kept what was sent.</param>
internal sealed class LogSending(ServerLink server, IFiles files, string data, string memory, string kept = LogSending.FilePath)
{
    /// <summary>What was sent of the log of the journal's attempt.</summary>
    public const string FilePath = Places.Hostup + "/log-sent";

    private const int PartBytes = 60 << 10; // the server takes 64 KiB at a time
    private SentLog? _sent;
    private bool _isSure;

    /// <summary>The server may have something else than was sent.</summary>
    public void Doubt() => _isSure = false;

    /// <summary>Whether there is more of a log that the server took before, or it did not say that it has all.</summary>
    public bool HasMore(string attempt) =>
        (_sent?.Attempt == attempt && !_isSure)
        || Of(attempt) is { Runs: not [] } sent && LogPart.Next(sent, LogPiece.Of(attempt, data, memory), ended: true).Text.Length > 0;

    /// <summary>Sends what the server does not have yet.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="ended">Whether it is over.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>Whether the server has all that it takes.</returns>
    /// <exception cref="HostupException">The codes of the link.</exception>
    public async Task<bool> SendAsync(string attempt, bool ended, CancellationToken ct)
    {
        var pieces = LogPiece.Of(attempt, data, memory);
        if (pieces is [])
            return true;
        var sent = _isSure && _sent is { } known && known.Attempt == attempt ? known : await AskAsync(attempt, ct).ConfigureAwait(false);
        (_sent, _isSure) = (sent, false); // until the last answer
        var next = LogPart.Next(sent, pieces, ended);
        long at = sent.Length;
        for (int begin = 0, end; begin < next.Text.Length; begin = end)
        {
            end = PartEnd(next.Text, begin);
            Keep(next.Then.CutTo(at + end));
            var answer = await server.AppendLogAsync(attempt, at + begin, next.Text.AsMemory(begin, end - begin), ct).ConfigureAwait(false);
            if (answer.LengthBytes != at + end)
            {
                _sent = next.Then.CutTo(Math.Min(answer.LengthBytes, at + end));
                return _isSure = answer.Full; // a server that takes less
            }
        }
        return _isSure = true;
    }

    /// <summary>What the server has of what was sent: an empty part changes nothing, and the answer says how much is there.</summary>
    private async Task<SentLog> AskAsync(string attempt, CancellationToken ct)
    {
        var sent = Of(attempt);
        long has = (await server.AppendLogAsync(attempt, 0, ReadOnlyMemory<byte>.Empty, ct).ConfigureAwait(false)).LengthBytes;
        return has <= sent.Length ? sent.CutTo(has) : sent.With([SentRun.Unknown(has - sent.Length)]);
    }

    /// <summary>No line is cut, unless it is longer than a part.</summary>
    private static int PartEnd(byte[] text, int begin)
    {
        if (text.Length - begin <= PartBytes)
            return text.Length;
        int lines = text.AsSpan(begin, PartBytes).LastIndexOf((byte)'\n') + 1;
        return begin + (lines > 0 ? lines : PartBytes);
    }

    /// <summary>Without a state partition that takes it, it counts until the agent ends.</summary>
    private void Keep(SentLog sent)
    {
        _sent = sent;
        try
        {
            AtomicFile.Write(files, kept, JsonSerializer.SerializeToUtf8Bytes(sent, DeviceJson.Default.SentLog));
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            Console.Error.WriteLine($"what was sent of the log is not kept: {e.Message}");
        }
    }

    private SentLog Of(string attempt)
    {
        if (_sent is { } said && said.Attempt == attempt)
            return said;
        try
        {
            var sent = files.Exists(kept) ? JsonSerializer.Deserialize(files.Read(kept), DeviceJson.Default.SentLog) : null;
            return sent?.Attempt == attempt && sent.Runs is not null && sent.Runs.All(r => r is { Piece: not null, Begin: >= 0, Lead: >= 0, Bytes: >= 0 }) ? sent : new SentLog(attempt, []);
        }
        catch (Exception e) when (MediumFault.Is(e) || e is JsonException)
        {
            return new SentLog(attempt, []);
        }
    }
}
