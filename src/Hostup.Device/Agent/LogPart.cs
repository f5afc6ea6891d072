using System.Globalization;
using System.Text;

namespace Hostup.Device.Agent;

/// <summary>What of an attempt's log is sent next: whole lines, and what is known at the server when it has them.</summary>
/// <param name="Text">Its bytes, behind those that the server has.</param>
/// <param name="Then">What the server has with them.</param>
internal sealed record LogPart(byte[] Text, SentLog Then)
{
    /// <summary>What the server takes of one attempt.</summary>
    public const long MostBytes = 1 << 20;

    /// <summary>What is sent of an attempt that goes on; the rest is for its end, which tells most.</summary>
    public const long MostWhileOpen = 768 << 10;

    /// <summary>Kept for what is said after the end; of less than this much room all is used.</summary>
    private const long Reserve = 16 << 10;

    /// <summary>Room for the lines that say what is not there.</summary>
    private const int LeadBytes = 512;

    private const string Lost = "--- what was logged here and not sent yet is lost; the log of a later start follows\n";
    private const string Unknown = "--- the device does not know what of its log is above; all that it has follows\n";

    /// <param name="sent">What the server has.</param>
    /// <param name="pieces">The log, as the device has it now.</param>
    /// <param name="ended">Whether the attempt is over.</param>
    /// <returns>Without a byte when there is nothing to send.</returns>
    public static LogPart Next(SentLog sent, IReadOnlyList<LogPiece> pieces, bool ended)
    {
        var rest = pieces.Select(p => new Slice(p, (int)sent.EndOf(p.Id), p.Lines.Length)).Where(s => s.Bytes > 0).ToList();
        long room = (ended ? MostBytes - Reserve : MostWhileOpen) - LeadBytes - sent.Length;
        if (ended && room < Reserve / 2)
            room = MostBytes - LeadBytes - sent.Length;
        long over = rest.Sum(s => s.Bytes) - room;
        if (over > 0)
            rest = room <= 0 ? [] : ended ? WithoutBeginning(rest, over) : WithoutEnd(rest, room);
        return Write(sent, rest, Gap(sent, pieces));
    }

    /// <summary>Why what follows does not continue what is there; null: it does. Only the last piece can have had more than was sent of it.</summary>
    private static string? Gap(SentLog sent, IReadOnlyList<LogPiece> pieces) =>
        sent.Runs is not [.., var last] ? null
        : last.IsUnknown ? Unknown
        : pieces.Any(p => p.Id == last.Piece && p.Lines.Length >= last.End) ? null : Lost;

    private static LogPart Write(SentLog sent, List<Slice> slices, string? gap)
    {
        using var text = new MemoryStream();
        var runs = new List<SentRun>();
        long leftOut = 0;
        foreach (var slice in slices)
        {
            leftOut += slice.Begin - sent.EndOf(slice.Piece.Id);
            byte[] lead = slice.Bytes == 0 ? [] : Lead(gap, leftOut);
            text.Write(lead);
            text.Write(slice.Piece.Lines.Span[slice.Begin..slice.End]);
            runs.Add(new SentRun(slice.Piece.Id, slice.Begin, lead.Length, slice.Bytes));
            if (slice.Bytes > 0)
                (gap, leftOut) = (null, 0);
        }
        return new LogPart(text.ToArray(), sent.With(runs));
    }

    private static byte[] Lead(string? gap, long leftOut) => Encoding.UTF8.GetBytes(gap + (leftOut == 0 ? "" : string.Create(
        CultureInfo.InvariantCulture, $"--- {leftOut} bytes of the log are left out here, the server takes 1 MiB of an attempt; the device keeps its last logs in {LogFiles.FolderOn(LogFiles.Data)}\n")));

    /// <summary>Passes over the oldest lines.</summary>
    private static List<Slice> WithoutBeginning(List<Slice> rest, long over)
    {
        var kept = new List<Slice>();
        foreach (var slice in rest)
        {
            int begin = over <= 0 ? slice.Begin : over >= slice.Bytes ? slice.End : LineAfter(slice, (int)over);
            over -= slice.Bytes;
            kept.Add(slice with { Begin = begin });
        }
        return kept;
    }

    /// <summary>Leaves the newest lines for later.</summary>
    private static List<Slice> WithoutEnd(List<Slice> rest, long room)
    {
        var kept = new List<Slice>();
        foreach (var slice in rest)
        {
            int end = room >= slice.Bytes ? slice.End : slice.Begin + slice.Piece.Lines.Span.Slice(slice.Begin, (int)room).LastIndexOf((byte)'\n') + 1;
            if (end > slice.Begin)
                kept.Add(slice with { End = end });
            if (end < slice.End)
                break;
            room -= slice.Bytes;
        }
        return kept;
    }

    /// <summary>Where the first line begins that lies behind so many bytes of a slice.</summary>
    private static int LineAfter(Slice slice, int bytes)
    {
        int at = slice.Begin + bytes - 1;
        return at + slice.Piece.Lines.Span[at..].IndexOf((byte)'\n') + 1;
    }

    private readonly record struct Slice(LogPiece Piece, int Begin, int End)
    {
        public int Bytes => End - Begin;
    }
}
