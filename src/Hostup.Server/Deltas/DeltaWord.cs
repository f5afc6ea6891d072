using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Server.Deltas;

/// <summary>A line that the process says which builds a delta: how far it is, or, as its last one, what came of it.</summary>
internal sealed record DeltaWord
{
    /// <summary>Part that is done, 0 to 1.</summary>
    public double? Progress { get; init; }

    /// <summary>It is built and proved; else null. The delta lies in the folder that the process was given.</summary>
    public string? Blob { get; init; }

    /// <summary>Digest of its repair list, which lies there too; null: it has none.</summary>
    public string? Repairs { get; init; }

    /// <summary>It is built, and too large to be offered.</summary>
    public bool NotWorth { get; init; }

    /// <summary>Bytes of the delta.</summary>
    public long Bytes { get; init; }

    /// <summary>Its frames.</summary>
    public int Frames { get; init; }

    /// <summary>Why it cannot be built.</summary>
    public ApiError? Error { get; init; }

    public static DeltaWord Built(Digest blob, long bytes, int frames) => new() { Blob = blob.ToString(), Bytes = bytes, Frames = frames };

    public string ToLine() => JsonSerializer.Serialize(this);

    /// <summary>Null: it is no word of ours, but something that a runtime prints.</summary>
    public static DeltaWord? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<DeltaWord>(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
