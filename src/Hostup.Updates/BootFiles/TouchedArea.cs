using System.Globalization;
using Hostup.Core.Releases;

namespace Hostup.Updates.BootFiles;

/// <summary>A copy of a raw area that an update writes over: its old content is kept until commit or undo.</summary>
/// <param name="Number">Names the kept content.</param>
/// <param name="Digest">Digest of the old content.</param>
/// <param name="Wanted">Digest of the new content.</param>
/// <param name="Length">Bytes of both.</param>
/// <param name="Copy">Where it lies.</param>
internal sealed record TouchedArea(int Number, Digest Digest, Digest Wanted, long Length, BootAreaCopy Copy)
{
    /// <summary>File of the running root that lay there before; null: something else did.</summary>
    public string? OwnFile { get; init; }

    public static TouchedArea Parse(string line)
    {
        string[] parts = line.Split(' ', 6);
        return new TouchedArea(
            int.Parse(parts[0], CultureInfo.InvariantCulture), Digest.Parse(parts[1]), Digest.Parse(parts[2]), long.Parse(parts[3], CultureInfo.InvariantCulture),
            new BootAreaCopy(parts[5], long.Parse(parts[4], CultureInfo.InvariantCulture)));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number} {Digest} {Wanted} {Length} {Copy.OffsetBytes} {Copy.Medium}");
}
