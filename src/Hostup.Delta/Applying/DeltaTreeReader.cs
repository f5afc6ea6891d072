using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta.Format;
using Hostup.Delta.Listing;
using Hostup.Delta.Members;
using Hostup.Delta.Patching;
using Hostup.Delta.Prediction;

namespace Hostup.Delta.Applying;

/// <summary>
/// The new tree, made from an old one and a delta: directories, links and devices first, then files in the order of the frames, then
/// further names of files. Nothing of a frame is used before its hash was checked; the tree digest of what was written decides in the end.
/// </summary>
/// <remarks>
/// Memory: one frame (at most 16 MiB, in practice far less), two windows of 4 MiB, and about 300 bytes for each name of both trees. Not thread-safe.
/// </remarks>
public sealed class DeltaTreeReader : ITreeReader
{
    private readonly Stream _delta;
    private readonly long _start;
    private readonly IDeltaTree _old;
    private readonly DeltaPlace _place;
    private readonly IReadOnlyList<ListedEntry> _entries;
    private readonly List<int> _files;
    private readonly bool _fromStart;
    private readonly LiteralFiles? _literal;
    private (int File, long Offset)? _end;
    private OpenFrame? _frame;
    private IEnumerator<TreeEntry>? _emitted;
    private int _file;
    private long _position;
    private OldSpace? _sources;
    private IMadeContent? _made;
    private bool _inFile;
    private bool _begun;
    private readonly byte[] _block = new byte[ReferencePredictor.BlockBytes];

    private DeltaTreeReader(Stream delta, long start, DeltaHeader header, IDeltaTree old, DeltaPlace place, IReadOnlyList<ListedEntry> entries, IReadOnlyList<int> late, int frame)
    {
        (_delta, _start, Header, _old, _place, _entries, FramesDone) = (delta, start, header, old, place, entries, frame);
        var last = late.ToHashSet();
        _files = [.. Enumerable.Range(0, entries.Count).Where(i => entries[i].Entry.Kind == TreeEntryKind.File && !last.Contains(i)), .. late];
        _fromStart = frame == 1;
        _literal = place.Repairs is { } repairs ? new LiteralFiles(old, entries, repairs) : null;
    }

    /// <summary>The header of the delta.</summary>
    public DeltaHeader Header { get; }

    /// <summary>Frames, the listing counted, whose whole output was read. Once that is durable, a reader may begin there.</summary>
    public int FramesDone { get; private set; }

    /// <summary>Where the content begins that is read of the current file; zero but for the first file after a beginning in the middle.</summary>
    public long From { get; private set; }

    /// <summary>Reads header and listing.</summary>
    /// <param name="delta">The delta; it must be able to seek. Not disposed.</param>
    /// <param name="old">The tree that it is applied to.</param>
    /// <param name="place">Where it may work, and how it reads what is written already.</param>
    /// <param name="framesDone">What an earlier reader's <see cref="FramesDone"/> was; 0: from the beginning.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException"><c>bad-delta</c>, <c>delta-old</c>.</exception>
    public static async Task<DeltaTreeReader> OpenAsync(Stream delta, IDeltaTree old, DeltaPlace place, int framesDone, CancellationToken ct)
    {
        long start = delta.Position;
        var header = await DeltaHeader.ReadAsync(delta, ct).ConfigureAwait(false);
        if (framesDone > header.Frames.Count)
            throw DeltaErrors.Bad($"it has {header.Frames.Count} frames, {framesDone} were used");
        var canonical = old.Entries.Select(CanonicalEntry.Of).ToList();
        byte[] stored = await ReadFrameAsync(delta, start + header.HeaderBytes, header.Frames[0], ct).ConfigureAwait(false);
        var streams = FrameBody.Open(stored, (int)ListingStreams.Count);
        var listing = new ListingReader(canonical, [.. streams.Select(Unpack)]);
        var entries = listing.Read(header.Entries);
        return new DeltaTreeReader(delta, start, header, old, place, entries, listing.Late, Math.Max(1, framesDone));
    }

    /// <inheritdoc/>
    public async ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
    {
        if (_inFile)
            await PassAsync(ct).ConfigureAwait(false);
        if (!_begun)
            await BeginAsync(ct).ConfigureAwait(false);
        if (!_emitted!.MoveNext())
            return FramesDone == Header.Frames.Count ? null : throw DeltaErrors.Bad("it has more frames than files");
        var entry = _emitted.Current;
        _inFile = entry.Kind == TreeEntryKind.File;
        if (_inFile && entry.Size == 0)
            await PassEmptyAsync(ct).ConfigureAwait(false);
        return entry;
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (!_inFile || buffer.IsEmpty)
            return 0;
        var listed = _entries[_files[_file]];
        if (_position == listed.Entry.Size)
            return 0;
        ct.ThrowIfCancellationRequested();
        if (_end is null)
            await LoadFrameAsync(ct).ConfigureAwait(false);
        int most = (int)Math.Min(buffer.Length, LeftInFrame(listed));
        int read = _frame is null ? await ReadLiteralAsync(buffer[..most], ct).ConfigureAwait(false) : Read(_frame, listed, buffer.Span);
        _position += read;
        if (_made is { Left: 0 } || (_made is null && _position == listed.Entry.Size))
            CloseSources();
        if (_end == (_position == listed.Entry.Size ? (_file + 1, 0L) : (_file, _position)))
            EndFrame();
        return read;
    }

    /// <summary>Closes old files.</summary>
    public ValueTask DisposeAsync()
    {
        CloseSources();
        _frame?.Dispose();
        _emitted?.Dispose();
        return _literal?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private async ValueTask BeginAsync(CancellationToken ct)
    {
        _begun = true;
        _emitted = Order().GetEnumerator();
        (_file, From) = (_files.Count, 0);
        if (FramesDone == Header.Frames.Count && _fromStart && _files.Count > 0)
            throw DeltaErrors.Bad("it has no frame for its files");
        if (FramesDone == Header.Frames.Count)
            return;
        (_file, From) = await OpenFrameAsync(ct).ConfigureAwait(false);
        if ((_fromStart && (_file, From) != (0, 0L)) || _file >= _files.Count || (From > 0 && From >= _entries[_files[_file]].Entry.Size))
            throw DeltaErrors.Bad("a frame begins at no place in a file");
    }

    private IEnumerable<TreeEntry> Order()
    {
        if (_fromStart)
            foreach (var listed in _entries)
                if (listed.Entry.Kind is not (TreeEntryKind.File or TreeEntryKind.HardLink))
                    yield return listed.Entry;
        for (_position = From; _file < _files.Count; (_file, _position, From) = (_file + 1, 0, 0))
            yield return _entries[_files[_file]].Entry;
        foreach (var listed in _entries)
            if (listed.Entry.Kind == TreeEntryKind.HardLink)
                yield return listed.Entry;
    }

    /// <summary>Files without content belong to a frame too: it may begin and end with one.</summary>
    private async ValueTask PassEmptyAsync(CancellationToken ct)
    {
        if (_end is null)
            await LoadFrameAsync(ct).ConfigureAwait(false);
        if (_end == (_file + 1, 0L))
            EndFrame();
    }

    private async ValueTask PassAsync(CancellationToken ct)
    {
        byte[] rest = new byte[64 * 1024];
        while (await ReadAsync(rest, ct).ConfigureAwait(false) > 0)
        {
        }
        _inFile = false;
    }

    /// <summary>Bytes of the current file that the frame gives.</summary>
    private long LeftInFrame(ListedEntry listed)
    {
        var (file, offset) = _end!.Value;
        long left = (file == _file ? offset : listed.Entry.Size) - _position;
        return left > 0 && (file != _file || offset < listed.Entry.Size) ? left : throw DeltaErrors.Bad("a frame ends at no place in a file");
    }

    private async ValueTask<int> ReadLiteralAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (!_literal!.IsOpen)
            await _literal.OpenAsync(_files[_file], _position, ct).ConfigureAwait(false);
        return await _literal.ReadAsync(buffer, ct).ConfigureAwait(false) is > 0 and var read ? read : throw DeltaErrors.Bad("the image has less of a file than its header says");
    }

    private int Read(OpenFrame frame, ListedEntry listed, Span<byte> buffer)
    {
        long left = LeftInFrame(listed);
        if (_sources is null)
            Open(listed, left);
        int read = _made?.Read(buffer) ?? (int)Math.Min(buffer.Length, left);
        if (_made is null)
            _sources!.Read(_position, buffer[..read]);
        frame.Made(buffer[..read]);
        return read;
    }

    private void Open(ListedEntry listed, long left)
    {
        _sources = new OldSpace(_old, _entries, _place);
        if (!listed.Framed)
        {
            _sources.Add(listed.Like, listed.Entry.Size);
            return;
        }
        var makings = _frame!.Makings;
        switch (makings.Number(int.MaxValue))
        {
            case (int)Making.Copy:
                _sources.Add(makings.Count(int.MaxValue), listed.Entry.Size);
                break;
            case (int)Making.Patch:
                _made = OpenPatch(listed.Like, _position, left);
                break;
            case (int)Making.Repack when _position == 0 && left == listed.Entry.Size:
                var packing = Packing.Read(makings);
                long head = makings.Number(DeltaLimits.FileBytes), tail = makings.Number(DeltaLimits.FileBytes), inner = makings.Number(DeltaLimits.FileBytes);
                _made = new RepackedContent(OpenPatch(listed.Like, 0, inner), packing, head, tail, left);
                break;
            case var making:
                throw DeltaErrors.Bad($"it makes a file in way {making}, which this program does not know");
        }
    }

    private PatchReader OpenPatch(int like, long position, long length)
    {
        for (int sources = _frame!.Makings.Count(DeltaLimits.Sources); sources > 0; sources--)
            _sources!.Add(PatchSource.Read(_frame.Makings, like));
        return new PatchReader(_frame, _sources!, position, length, _block);
    }

    private void CloseSources()
    {
        _made?.Dispose();
        _sources?.Dispose();
        _literal?.Close();
        (_sources, _made) = (null, null);
    }

    private void EndFrame()
    {
        _frame?.Finish();
        _frame?.Dispose();
        _literal?.Close();
        var end = _end;
        (_frame, _end) = (null, null);
        FramesDone++;
        if (FramesDone == Header.Frames.Count && end != (_files.Count, 0L))
            throw DeltaErrors.Bad("its last frame does not end with the last file");
    }

    private async ValueTask LoadFrameAsync(CancellationToken ct)
    {
        if (await OpenFrameAsync(ct).ConfigureAwait(false) != (_file, _position))
            throw DeltaErrors.Bad($"frame {FramesDone} does not begin where the one before it ends");
    }

    /// <summary>Opens the next frame, or only looks up what it is to give.</summary>
    /// <returns>Where it begins.</returns>
    private async ValueTask<(int File, long Offset)> OpenFrameAsync(CancellationToken ct)
    {
        if (_place.Repairs?.Frames.Contains(FramesDone) == true && FramesDone < Header.Frames.Count)
        {
            var range = FrameRange.Of(Header, FramesDone, _files, _entries);
            _end = range.End;
            return range.Start;
        }
        _frame = new OpenFrame(await ReadFrameAsync(ct).ConfigureAwait(false));
        _end = _frame.End;
        return _frame.Start;
    }

    private ValueTask<byte[]> ReadFrameAsync(CancellationToken ct)
    {
        if (FramesDone == Header.Frames.Count)
            throw DeltaErrors.Bad("its last frame does not end with the last file");
        long at = _start + Header.HeaderBytes + Header.Frames.Take(FramesDone).Sum(f => f.StoredBytes);
        return ReadFrameAsync(_delta, at, Header.Frames[FramesDone], ct);
    }

    private static async ValueTask<byte[]> ReadFrameAsync(Stream delta, long at, DeltaFrame frame, CancellationToken ct)
    {
        if (delta.Position != at)
            delta.Position = at;
        byte[] stored = new byte[frame.StoredBytes];
        if (await delta.ReadAtLeastAsync(stored, stored.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false) != stored.Length)
            throw DeltaErrors.Bad("it ends inside a frame");
        return Digest.Of(stored) == frame.Stored ? stored : throw DeltaErrors.Bad("a frame is damaged");
    }

    private static ByteSource Unpack(PackedStream stream)
    {
        using (stream)
            return stream.Whole();
    }
}
