using Hostup.Core.RootTrees;
using Hostup.Delta.Format;
using Hostup.Delta.Listing;
using Hostup.Delta.Patching;

namespace Hostup.Delta.Applying;

/// <summary>The sources of a patch as one content, one after another.</summary>
internal sealed class OldSpace(IDeltaTree old, IReadOnlyList<ListedEntry> target, DeltaPlace place) : IDisposable
{
    private readonly List<(IDeltaContent Content, long Start)> _sources = [];

    public long Length { get; private set; }

    /// <summary>A whole file of the old tree.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>delta-old</c> when it is not there or has another size.</exception>
    public void Add(int index, long size)
    {
        Add(OpenOld(index));
        if (Length != size)
            throw DeltaErrors.WrongOld($"old file {old.Entries[index].Path} has {Length} bytes, {size} are needed");
    }

    /// <summary>The next source.</summary>
    public void Add(PatchSource source)
    {
        if (source.Kind == SourceKind.New)
        {
            Add(OpenNew(source.Index));
            return;
        }
        var content = OpenOld(source.Index);
        if (source.Kind == SourceKind.Old)
        {
            Add(content);
            return;
        }
        using (content)
            Add(new UnpackedContent(content, source.Packed, place.Scratch));
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

    private void Add(IDeltaContent content)
    {
        _sources.Add((content, Length));
        Length += content.Length;
    }

    private IDeltaContent OpenOld(int index) => index >= 0 && index < old.Entries.Count && old.Entries[index].Kind == TreeEntryKind.File
        ? old.Open(index)
        : throw DeltaErrors.Bad($"it uses old entry {index}, which is no file");

    private IDeltaContent OpenNew(int index)
    {
        if (index >= target.Count || target[index].Entry.Kind != TreeEntryKind.File)
            throw DeltaErrors.Bad($"it uses new entry {index}, which is no file");
        return place.OpenNew is { } open ? open(target[index].Entry.Path) : throw DeltaErrors.WrongOld("it uses files of the new tree, which cannot be read back here");
    }
}
