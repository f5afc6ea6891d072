using Hostup.Updates.Ports;

namespace Hostup.Lab.Sim;

/// <summary>Takes a blob as an engine does: what comes anew from the beginning replaces what it had.</summary>
public sealed class SimTaker : IBlobTaker
{
    /// <summary>What it has.</summary>
    public List<byte> Bytes { get; } = [];

    /// <summary>Places at which it was begun.</summary>
    public List<long> Begun { get; } = [];

    /// <summary>Bytes after which it goes away; null: it stays.</summary>
    public long? LeavesAfter { get; set; }

    public ValueTask BeginAsync(long from, CancellationToken ct)
    {
        Begun.Add(from);
        Bytes.RemoveRange((int)from, Bytes.Count - (int)from);
        return default;
    }

    public ValueTask TakeAsync(ReadOnlyMemory<byte> piece, CancellationToken ct)
    {
        int taken = LeavesAfter is { } leaves ? (int)Math.Min(piece.Length, leaves - Bytes.Count) : piece.Length;
        Bytes.AddRange(piece.Span[..taken]);
        return taken == piece.Length ? default : throw new IOException("the engine went away");
    }
}
