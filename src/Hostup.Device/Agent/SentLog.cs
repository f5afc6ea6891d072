using System.Text.Json.Serialization;

namespace Hostup.Device.Agent;

/// <summary>
/// What the server was given of an attempt's log, in the order in which it has it. It is kept before the bytes are sent: whatever a power cut or a lost answer leaves,
/// what the server has is the beginning of this.
/// </summary>
/// <param name="Attempt">The attempt.</param>
/// <param name="Runs">Bytes of the device's pieces, one after the other.</param>
internal sealed record SentLog(string Attempt, IReadOnlyList<SentRun> Runs)
{
    /// <summary>Bytes at the server.</summary>
    [JsonIgnore]
    public long Length => Runs.Sum(r => r.Lead + r.Bytes);

    /// <summary>How far a piece has been sent or was passed over.</summary>
    public long EndOf(string piece) => Runs.Where(r => r.Piece == piece).Select(r => r.End).DefaultIfEmpty().Max();

    /// <summary>With more behind it.</summary>
    public SentLog With(IEnumerable<SentRun> more)
    {
        var runs = Runs.ToList();
        foreach (var run in more)
        {
            if (runs is [.., var last] && last.Piece == run.Piece && last.End == run.Begin && run.Lead == 0)
                runs[^1] = last with { Bytes = last.Bytes + run.Bytes };
            else
                runs.Add(run);
        }
        return this with { Runs = runs };
    }

    /// <summary>Its beginning.</summary>
    public SentLog CutTo(long length)
    {
        var runs = new List<SentRun>();
        foreach (var run in Runs)
        {
            if (length <= 0)
                break;
            long lead = Math.Min(run.Lead, length), bytes = Math.Min(run.Bytes, length - lead);
            runs.Add(run with { Lead = lead, Bytes = bytes });
            length -= lead + bytes;
        }
        return this with { Runs = runs };
    }
}

/// <summary>Bytes of one piece of the log in a row.</summary>
/// <param name="Piece">Id of the piece; empty: the server has them, and the device does not know of what.</param>
/// <param name="Begin">Where in the piece they begin.</param>
/// <param name="Lead">Bytes of what was said before them: why they do not continue what is there.</param>
/// <param name="Bytes">How many; zero: the piece was passed over up to there.</param>
internal sealed record SentRun(string Piece, long Begin, long Lead, long Bytes)
{
    /// <summary>Bytes that the server has, and the device does not know of what.</summary>
    public static SentRun Unknown(long bytes) => new("", 0, 0, bytes);

    [JsonIgnore]
    public bool IsUnknown => Piece.Length == 0;

    /// <summary>Where in the piece they end.</summary>
    [JsonIgnore]
    public long End => Begin + Bytes;
}
