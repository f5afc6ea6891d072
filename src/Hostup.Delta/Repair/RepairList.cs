using System.Buffers.Binary;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta.Building;
using Hostup.Delta.Format;
using Hostup.Delta.Listing;

namespace Hostup.Delta.Repair;

/// <summary>
/// Where each file of a tree lies in the layers of its image. Somebody who cannot make a file from a delta fetches its content there, and no other.
/// docs/delta-format.md, "Repair list".
/// </summary>
/// <remarks>It is not trusted: what lies at a place is compared with signed digests, and the tree digest decides in the end.</remarks>
public sealed class RepairList
{
    /// <summary>A reader takes no more: some 170,000 files.</summary>
    public const int MaxBytes = 2 << 20;

    /// <summary>Version of the form that this program writes and reads.</summary>
    public const int Version = 1;

    /// <summary>Name and version.</summary>
    private const int FixedBytes = 10;

    /// <summary>More layers than any engine takes.</summary>
    private const int MostLayers = 1000;

    private const int Quality = 9;
    private static readonly byte[] Magic = [.. "HUPREPAR"u8];

    private readonly IReadOnlyList<FilePlace> _files;

    private RepairList(ulong listing, IReadOnlyList<FilePlace> files) => (Listing, _files) = (listing, files);

    private enum Streams
    {
        /// <summary>Check of the listing, count of the files, the check of each.</summary>
        Checks,

        /// <summary>For each file the layer plus 1, or 0.</summary>
        Layers,

        /// <summary>For each file that has a layer the signed distance from the offset before.</summary>
        Offsets,

        Count,
    }

    /// <summary>Tells the listing of the tree from another one, as <see cref="ListingCheck"/> has it.</summary>
    public ulong Listing { get; }

    /// <summary>Files of the tree.</summary>
    public int Count => _files.Count;

    /// <summary>A file by its place among the files of the canonical listing, hard links not counted.</summary>
    public FilePlace this[int file] => _files[file];

    /// <summary>Makes the list of a tree.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="places">Where contents lie in the image.</param>
    public static RepairList Of(SpooledTree tree, IReadOnlyDictionary<Digest, TreePlace> places)
    {
        var files = tree.Entries.Index().Where(e => e.Item.Kind == TreeEntryKind.File).Select(e => tree.ContentOf(e.Index));
        return new RepairList(ListingCheck.Of(tree.Entries), [.. files.Select(c => new FilePlace(places.GetValueOrDefault(c), ContentCheck.Of(c)))]);
    }

    /// <summary>The list as it is stored.</summary>
    public byte[] Write()
    {
        var streams = Enumerable.Range(0, (int)Streams.Count).Select(_ => new ByteSink()).ToArray();
        var (checks, layers, offsets) = (streams[(int)Streams.Checks], streams[(int)Streams.Layers], streams[(int)Streams.Offsets]);
        checks.Put(Bytes(Listing));
        checks.PutNumber(Count);
        long last = 0;
        foreach (var file in _files)
        {
            checks.Put(Bytes(file.Check));
            layers.PutNumber(file.Place is null ? 0 : file.Place.Layer + 1);
            if (file.Place is null)
                continue;
            offsets.PutSigned(file.Place.Offset - last);
            last = file.Place.Offset;
        }
        byte[] version = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(version, Version);
        return [.. Magic, .. version, .. FrameBody.Pack([.. streams.Select(s => s.Written)], Quality)];
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="HostupException"><c>bad-delta</c>.</exception>
    public static RepairList Read(ReadOnlyMemory<byte> stored)
    {
        if (stored.Length is < FixedBytes or > MaxBytes || !stored.Span[..Magic.Length].SequenceEqual(Magic))
            throw DeltaErrors.Bad("its repair list does not begin with HUPREPAR");
        int version = BinaryPrimitives.ReadUInt16LittleEndian(stored.Span[Magic.Length..]);
        if (version != Version)
            throw DeltaErrors.Bad($"its repair list has version {version}, this program reads version {Version}");
        var streams = FrameBody.Open(stored[FixedBytes..], (int)Streams.Count).Select(Unpack).ToArray();
        var (checks, layers, offsets) = (streams[(int)Streams.Checks], streams[(int)Streams.Layers], streams[(int)Streams.Offsets]);
        ulong listing = Number(checks);
        var files = new List<FilePlace>();
        long offset = 0;
        for (int left = checks.Count(DeltaLimits.Entries); left > 0; left--)
        {
            ulong check = Number(checks);
            int layer = layers.Count(MostLayers);
            offset = layer == 0 ? offset : unchecked(offset + offsets.Signed());
            if (offset < 0)
                throw DeltaErrors.Bad("its repair list has a place before the beginning of a layer");
            files.Add(new FilePlace(layer == 0 ? null : new TreePlace(layer - 1, offset), check));
        }
        foreach (var stream in streams)
            stream.MustEnd();
        return new RepairList(listing, files);
    }

    private static byte[] Bytes(ulong value)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    private static ulong Number(ByteSource source) => BinaryPrimitives.ReadUInt64LittleEndian(source.Bytes(sizeof(ulong)));

    private static ByteSource Unpack(PackedStream stream)
    {
        using (stream)
            return stream.Whole();
    }
}
