using Hostup.Core.RootTrees;
using Hostup.Delta.Format;

namespace Hostup.Delta.Applying;

/// <summary>The sources of a patch as one content, one after another.</summary>
internal sealed class OldSpace : IDisposable
{
    private readonly List<(IDeltaContent Content, long Start)> _sources = [];

    public long Length { get; private set; }

    /// <exception cref="Core.Errors.HostupException"><c>delta-old</c> when it is not there.</exception>
    public void Add(IDeltaTree old, long index, long? size = null)
    {
        if (index < 0 || index >= old.Entries.Count || old.Entries[(int)index].Kind != TreeEntryKind.File)
            throw DeltaErrors.Bad($"it uses old entry {index}, which is no file");
        var content = old.Open((int)index);
        _sources.Add((content, Length));
        if (size is { } expected && content.Length != expected)
            throw DeltaErrors.WrongOld($"old file {old.Entries[(int)index].Path} has {content.Length} bytes, {expected} are needed");
        Length += content.Length;
    }

    public void Read(long position, Span<byte> buffer)
    {
        int source = _sources.FindLastIndex(s => s.Start <= position);
        while (!buffer.IsEmpty)
        {
            var (content, start) = _sources[source++];
            int count = (int)Math.Min(buffer.Length, start + content.Length - position);
            content.Read(position - start, buffer[..count]);
            buffer = buffer[count..];
            position += count;
        }
    }

    public void Dispose()
    {
        foreach (var (content, _) in _sources)
            content.Dispose();
    }
}
