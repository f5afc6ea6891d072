using Hostup.Core;
using Hostup.Core.RootTrees;

namespace Hostup.Oci.Layers;

/// <summary>
/// The entries of one uncompressed layer: a tar stream in V7, ustar, GNU or pax form, with the whiteouts of the OCI image
/// specification. Names stay bytes, sparse files read with their holes as zeros. docs/os-builder.md lists what is accepted.
/// </summary>
/// <param name="tar">The stream; read to its end, not disposed.</param>
/// <param name="offset">Where in the layer the stream begins: 0, or what <see cref="EntryOffset"/> was for an entry.</param>
/// <remarks>Hostile input gives <c>bad-image</c>; memory stays below 2 MiB whatever the stream says.</remarks>
public sealed class LayerReader(Stream tar, long offset = 0) : ITreeReader
{
    /// <summary>Holes cost a reader time though not memory; all sparse files of a layer together may have this many bytes.</summary>
    private const long MaxSparseBytes = 64L << 30;

    private readonly TarInput _input = new(tar, offset);
    private readonly PaxRecords _global = new();
    private long _sparseBytes;
    private long _stored;
    private long _padding;
    private SparseCursor? _sparse;
    private bool _globalSeen;
    private bool _ended;
    private bool _disposed;

    /// <summary>Where the first header of the current entry lies in the layer; null when what came before it is needed to read it.</summary>
    public long? EntryOffset { get; private set; }

    /// <inheritdoc/>
    public async ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
    {
        while (!_ended)
        {
            await _input.SkipAsync(_stored + _padding, ct).ConfigureAwait(false);
            (_stored, _padding, _sparse) = (0, 0, null);
            EntryOffset = _globalSeen ? null : _input.Position;
            var (header, block, pax) = await ReadHeaderAsync(ct).ConfigureAwait(false);
            if (header is null)
                break;
            if (await EntryOfAsync(header, block, pax, ct).ConfigureAwait(false) is { } entry && LayerEntries.Interpret(entry) is { } interpreted)
                return interpreted;
        }
        if (!_ended)
            await _input.DrainAsync(ct).ConfigureAwait(false);
        _ended = true;
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (_sparse is not null && _sparse.ReadHole(buffer.Span) is > 0 and var zeros)
            return zeros;
        long here = _sparse?.StoredHere ?? _stored;
        if (here == 0 || buffer.IsEmpty)
            return 0;
        int read = await _input.ReadAsync(buffer[..(int)Math.Min(buffer.Length, here)], ct).ConfigureAwait(false);
        _stored -= read;
        _sparse?.Passed(read);
        return read;
    }

    /// <summary>Passes over content of the current file; what is stored of it is not read where the stream can leave it out.</summary>
    /// <param name="bytes">At most what is left of the file, holes included.</param>
    /// <param name="ct">Cancels.</param>
    public async ValueTask SkipAsync(long bytes, CancellationToken ct)
    {
        while (bytes > 0)
        {
            long hole = _sparse?.SkipHole(bytes) ?? 0;
            bytes -= hole;
            long stored = Math.Min(bytes, _sparse?.StoredHere ?? _stored);
            if (hole == 0 && stored == 0)
                throw TarErrors.Bad("a file is shorter than the place in it at which reading was to go on");
            await _input.SkipAsync(stored, ct).ConfigureAwait(false);
            _stored -= stored;
            _sparse?.Passed(stored);
            bytes -= stored;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (!_disposed)
            _input.Dispose();
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    /// <summary>Reads headers up to one that is an entry, with what the extended headers before it say.</summary>
    private async ValueTask<(TarHeader? Header, byte[] Block, PaxRecords Pax)> ReadHeaderAsync(CancellationToken ct)
    {
        PaxRecords? pax = null;
        byte[]? longName = null, longLink = null;
        while (true)
        {
            var block = await _input.ReadBlockAsync(ct).ConfigureAwait(false);
            // Some writers leave out the two blocks of zeros at the end.
            if (block.IsEmpty || !block.Span.ContainsAnyExcept((byte)0))
                return pax is null && longName is null && longLink is null ? (null, [], _global) : throw TarErrors.Bad("the layer ends after an extended header");
            var header = TarHeader.Parse(block.Span);
            switch (header.TypeFlag)
            {
                case (byte)'x':
                    (pax ??= _global.Copy()).Add(await ReadExtraAsync(header, ct).ConfigureAwait(false));
                    break;
                case (byte)'g':
                    _globalSeen = true;
                    _global.Add(await ReadExtraAsync(header, ct).ConfigureAwait(false));
                    break;
                case (byte)'L':
                    longName = TrimEnd(await ReadExtraAsync(header, ct).ConfigureAwait(false));
                    break;
                case (byte)'K':
                    longLink = TrimEnd(await ReadExtraAsync(header, ct).ConfigureAwait(false));
                    break;
                default:
                    var copy = block.ToArray();
                    pax ??= _global;
                    return (Merge(header, pax, longName, longLink), copy, pax);
            }
        }
    }

    private async ValueTask<byte[]> ReadExtraAsync(TarHeader header, CancellationToken ct)
    {
        if (header.Size is < 0 or > PaxRecords.MaxBytes)
            throw TarErrors.Bad($"an extended header has {header.Size} bytes, at most {new ByteCount(PaxRecords.MaxBytes)} are taken");
        var bytes = await _input.ReadExactlyAsync((int)header.Size, ct).ConfigureAwait(false);
        await _input.SkipAsync(Padding(header.Size), ct).ConfigureAwait(false);
        return bytes;
    }

    private static TarHeader Merge(TarHeader header, PaxRecords pax, byte[]? longName, byte[]? longLink) => new()
    {
        Name = pax.Path ?? longName ?? header.Name,
        LinkName = pax.LinkPath ?? longLink ?? header.LinkName,
        TypeFlag = header.TypeFlag,
        Mode = header.Mode,
        UserId = pax.UserId ?? header.UserId,
        GroupId = pax.GroupId ?? header.GroupId,
        Size = pax.Size ?? header.Size,
        ModifiedSeconds = pax.ModifiedSeconds ?? header.ModifiedSeconds,
        DeviceMajor = pax.DeviceMajor ?? header.DeviceMajor,
        DeviceMinor = pax.DeviceMinor ?? header.DeviceMinor,
    };

    private async ValueTask<TreeEntry?> EntryOfAsync(TarHeader header, byte[] block, PaxRecords pax, CancellationToken ct)
    {
        var kind = LayerEntries.KindOf(header);
        long size = 0;
        if (kind is null or TreeEntryKind.File)
        {
            if (header.Size is < 0 or > long.MaxValue - TarInput.BlockBytes)
                throw TarErrors.Bad($"an entry has the impossible size {header.Size}");
            (_stored, _padding) = (header.Size, Padding(header.Size));
            size = header.Size;
            if (await ReadSparseMapAsync(header, block, pax, ct).ConfigureAwait(false) is { } map)
            {
                _sparse = new SparseCursor(map);
                size = map.RealSize;
                _sparseBytes += size;
                if (size > MaxSparseBytes || _sparseBytes > MaxSparseBytes)
                    throw TarErrors.Bad($"its sparse files have more than {new ByteCount(MaxSparseBytes)}");
            }
        }
        return kind is { } known ? LayerEntries.Describe(header, known, size, pax.ExtendedAttributes) : null;
    }

    private async ValueTask<SparseMap?> ReadSparseMapAsync(TarHeader header, byte[] block, PaxRecords pax, CancellationToken ct)
    {
        if (header.TypeFlag == 'S')
            return await SparseMap.ReadGnuAsync(block, _input, _stored, ct).ConfigureAwait(false);
        if (pax.SparseSize is not { } realSize)
            return null;
        if (!pax.SparseMapInContent)
            return SparseMap.FromNumbers(pax.SparseNumbers, realSize, _stored);
        var (map, bytes) = await SparseMap.ReadPaxAsync(_input, realSize, _stored, ct).ConfigureAwait(false);
        _stored -= bytes;
        return map;
    }

    private static long Padding(long size) => -size & (TarInput.BlockBytes - 1);

    private static byte[] TrimEnd(byte[] text) => text.AsSpan().TrimEnd((byte)0).ToArray();

    /// <summary>Where reading stands in a sparse file.</summary>
    private sealed class SparseCursor(SparseMap map)
    {
        private int _segment;
        private long _position;

        /// <summary>Stored bytes that follow the position without a hole.</summary>
        public long StoredHere => _segment < map.Segments.Count && _position >= map.Segments[_segment].Offset
            ? map.Segments[_segment].Offset + map.Segments[_segment].Length - _position
            : 0;

        public int ReadHole(Span<byte> buffer)
        {
            int zeros = (int)SkipHole(buffer.Length);
            buffer[..zeros].Clear();
            return zeros;
        }

        public long SkipHole(long atMost)
        {
            while (_segment < map.Segments.Count && map.Segments[_segment].Offset + map.Segments[_segment].Length == _position)
                _segment++;
            long end = _segment < map.Segments.Count ? map.Segments[_segment].Offset : map.RealSize;
            long zeros = Math.Clamp(end - _position, 0, atMost);
            _position += zeros;
            return zeros;
        }

        public void Passed(long stored) => _position += stored;
    }
}
