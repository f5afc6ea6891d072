using Hostup.Core.RootTrees;
using Hostup.Delta.Format;
using Hostup.Delta.Listing;
using Hostup.Delta.Matching;
using Hostup.Delta.Patching;

namespace Hostup.Delta.Building;

/// <summary>Builds the delta from one root tree to another. The same trees and options give the same bytes.</summary>
public sealed class DeltaBuilder
{
    /// <summary>Contents that are patched side by side: more would only cost memory.</summary>
    private const long BatchBytes = 64 << 20;

    private readonly SpooledTree _from;
    private readonly SpooledTree _to;
    private readonly DeltaOptions _options;
    private readonly TreeMatch _match;
    private readonly RepackPlans _plans;
    private readonly FrameSequence _frames;
    private readonly List<Part> _parts = [];
    private long _done;

    private DeltaBuilder(SpooledTree from, SpooledTree to, DeltaOptions options)
    {
        (_from, _to, _options) = (from, to, options);
        _match = new TreeMatch(from, to);
        _plans = new RepackPlans(from, to, _match);
        _frames = new FrameSequence(options);
    }

    /// <summary>Builds a delta and writes it.</summary>
    /// <param name="from">The tree that devices have.</param>
    /// <param name="to">The tree that they are to get.</param>
    /// <param name="output">Receives the delta; not disposed.</param>
    /// <param name="options">Sizes and effort.</param>
    /// <param name="ct">Cancels between files.</param>
    /// <returns>The header of the delta.</returns>
    public static async Task<DeltaHeader> BuildAsync(SpooledTree from, SpooledTree to, Stream output, DeltaOptions options, CancellationToken ct)
    {
        var builder = new DeltaBuilder(from, to, options);
        builder.Build(ct);
        var header = new DeltaHeader(from.Digest, to.Digest, to.Entries.Count, to.ContentBytes, builder._frames.Frames);
        await output.WriteAsync(header.Write(), ct).ConfigureAwait(false);
        foreach (byte[] frame in builder._frames.Stored)
            await output.WriteAsync(frame, ct).ConfigureAwait(false);
        return header;
    }

    private void Build(CancellationToken ct)
    {
        var old = _from.Entries.Select(CanonicalEntry.Of).ToList();
        _frames.AddListing(new ListingWriter(old).Write(_match.Entries, _plans.Late), _match.Entries.Count);
        int file = 0;
        long waiting = 0;
        var late = _plans.Late.ToHashSet();
        var files = Enumerable.Range(0, _match.Entries.Count).Where(i => _match.Entries[i].Entry.Kind == TreeEntryKind.File && !late.Contains(i));
        foreach (int i in files.Concat(_plans.Late))
        {
            foreach (var part in PartsOf(i, file++))
            {
                _parts.Add(part);
                waiting += part.Length;
                if (waiting < BatchBytes)
                    continue;
                FlushParts(ct);
                waiting = 0;
            }
        }
        FlushParts(ct);
        _frames.Finish(file);
    }

    /// <summary>What is to be done for one file: nothing for a copy, one patch, or one for each part.</summary>
    private IEnumerable<Part> PartsOf(int index, int file)
    {
        var listed = _match.Entries[index];
        long size = listed.Entry.Size;
        if (!listed.Framed)
            return [new Part(index, file, PartKind.Unchanged, 0, 0, size)];
        if (_match.SameContent(_to.ContentOf(index)) is >= 0 and var same)
            return size == 0 ? [] : [new Part(index, file, PartKind.Copy, same, 0, size)];
        if (_plans.Has(index))
            return [new Part(index, file, PartKind.Repack, -1, 0, size)];
        int source = _match.Source(listed);
        return Enumerable.Range(0, (int)((size + _options.PartBytes - 1) / _options.PartBytes))
            .Select(p => new Part(index, file, PartKind.Patch, source, (long)p * _options.PartBytes, Math.Min(_options.PartBytes, size - ((long)p * _options.PartBytes))));
    }

    private void FlushParts(CancellationToken ct)
    {
        var patches = new FilePatch?[_parts.Count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Threads, CancellationToken = ct };
        Parallel.For(0, patches.Length, parallel, i => patches[i] = _parts[i].Kind switch
        {
            PartKind.Patch => Patch(_parts[i]),
            PartKind.Repack => _plans.Make(_parts[i].Index),
            _ => null,
        });
        for (int i = 0; i < patches.Length; i++)
        {
            ct.ThrowIfCancellationRequested();
            var part = _parts[i];
            if (part.Kind is PartKind.Unchanged or PartKind.Copy)
                AddWhole(part);
            else
                _frames.Add(part.File, patches[i]!, part.Offset, part.Offset + part.Length == _to.Entries[part.Index].Size, _match.Entries[part.Index].Like);
            patches[i] = null;
            _done += part.Length;
            _options.Progress?.Invoke(Math.Min(1, (double)_done / Math.Max(1, _to.ContentBytes)));
        }
        _parts.Clear();
    }

    private void AddWhole(Part part)
    {
        using var content = _to.Open(part.Index);
        if (part.Kind == PartKind.Copy)
            _frames.AddCopy(part.File, part.Source, content);
        else
            _frames.AddUnchanged(part.File, content);
    }

    private FilePatch Patch(Part part)
    {
        byte[] target = Read(_to, part.Index, part.Offset, part.Length);
        if (part.Source < 0)
            return new FilePatch([], [], 0, target, part.Offset);
        long size = _from.Entries[part.Source].Size, length = Math.Min(size, _options.SourceBytes);
        // of a very large old file the surroundings of the same place
        long offset = Math.Clamp(part.Offset - ((length - part.Length) / 2), 0, size - length);
        return new FilePatch([PatchSource.Old(part.Source)], Read(_from, part.Source, offset, length), offset, target, part.Offset);
    }

    private static byte[] Read(SpooledTree tree, int index, long offset, long length)
    {
        byte[] bytes = new byte[length];
        using var content = tree.Open(index);
        content.Read(offset, bytes);
        return bytes;
    }

    private enum PartKind
    {
        Unchanged,
        Copy,
        Patch,
        Repack,
    }

    /// <summary>A file or a part of one, and what it is made from.</summary>
    private sealed record Part(int Index, int File, PartKind Kind, int Source, long Offset, long Length);
}
