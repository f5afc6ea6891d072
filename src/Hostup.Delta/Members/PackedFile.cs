using System.Buffers.Binary;
using Hostup.Core;

namespace Hostup.Delta.Members;

/// <summary>A file that is packed but for a beginning and an end, and its content with that part unpacked: what can be compared with another one.</summary>
/// <param name="Range">Where the packed part lies in the file.</param>
/// <param name="Inner">What is before it, the part unpacked, what is behind it.</param>
/// <param name="UnpackedBytes">Length of the part unpacked.</param>
internal sealed record PackedFile(PackedRange Range, byte[] Inner, long UnpackedBytes)
{
    /// <summary>A kernel has its loader before the packed part, a first root perhaps an archive of microcode.</summary>
    private const int SearchBytes = 4 << 20;

    /// <summary>What is smaller gains nothing worth a device's time.</summary>
    public const int SmallestFile = 1 << 20;
    private const int LargestInner = 96 << 20;

    private static readonly (int Level, bool Parallel)[] ZstdSettings = [(9, true), (19, true), (3, true), (1, true), (19, false), (9, false), (3, false)];
    private static readonly int[] Lz4Levels = [9, 12];
    private static readonly CodecLibrary Lz4 = new(CodecLibrary.Lz4), Zstd = new(CodecLibrary.Zstd);

    /// <summary>Digest of the library that packs such a part; null: this system has none.</summary>
    public static Digest? LibraryOf(PackingKind kind) => (kind == PackingKind.Lz4 ? Lz4 : Zstd).Digest;

    /// <summary>Looks for a packed part and unpacks it.</summary>
    /// <returns>Null when there is none that can be unpacked here.</returns>
    public static PackedFile? Open(byte[] file)
    {
        if (file.Length < SmallestFile)
            return null;
        return OpenZstd(file) ?? OpenLz4(file);
    }

    /// <summary>Looks for settings with which the part is packed to the very same bytes.</summary>
    public Packing? Prove(byte[] file)
    {
        if (LibraryOf(Range.Kind) is not { } library)
            return null;
        var candidates = Range.Kind == PackingKind.Lz4
            ? Lz4Levels.Select(level => new Packing(PackingKind.Lz4, level, false, false, false, library))
            // the frame header's descriptor (RFC 8878, 3.1.1.1.1): bit 2 checksum, bits 6 and 7 size of the content
            : ZstdSettings.Select(s => new Packing(PackingKind.Zstd, s.Level, s.Parallel, (file[Range.Start + 4] & 4) != 0, (file[Range.Start + 4] & 0xC0) != 0, library));
        return candidates.FirstOrDefault(candidate => GivesSame(candidate, file));
    }

    /// <summary>Makes the packer that goes with some settings.</summary>
    public static IPacker Packer(Packing packing, PackerInput input, long length) =>
        packing.Kind == PackingKind.Lz4 ? new Lz4Packer(input, length, packing.Level) : new ZstdPacker(input, length, packing);

    private bool GivesSame(Packing packing, byte[] file)
    {
        int at = (int)Range.Start;
        using var packer = Packer(packing, Next, UnpackedBytes);
        byte[] part = new byte[128 << 10];
        int compared = (int)Range.Start, end = (int)(Range.Start + Range.Length);
        while (packer.Read(part) is > 0 and var count)
        {
            if (count > end - compared || !part.AsSpan(0, count).SequenceEqual(file.AsSpan(compared, count)))
                return false;
            compared += count;
        }
        return compared == end;

        int Next(Span<byte> buffer)
        {
            Inner.AsSpan(at, buffer.Length).CopyTo(buffer);
            at += buffer.Length;
            return buffer.Length;
        }
    }

    private static PackedFile? OpenLz4(byte[] file)
    {
        int start = IndexOf(file, Lz4Packer.Magic);
        if (start < 0 || LibraryOf(PackingKind.Lz4) is null || Lz4Packer.Measure(file.AsSpan(start)) is not { } size || size.Unpacked + file.Length > LargestInner)
            return null;
        var range = new PackedRange(PackingKind.Lz4, start, size.Packed);
        using var unpacked = new MemoryStream();
        Lz4Packer.Unpack(new InMemory(file), range, part => unpacked.Write(part));
        return new PackedFile(range, [.. file.AsSpan(0, start), .. unpacked.ToArray(), .. file.AsSpan(start + (int)size.Packed)], size.Unpacked);
    }

    private static PackedFile? OpenZstd(byte[] file)
    {
        int start = IndexOf(file, ZstdPacker.Magic);
        // what a stream gives: no single segment, no dictionary
        if (start < 0 || file.Length < start + 6 || (file[start + 4] & 0x3B) != 0 || LibraryOf(PackingKind.Zstd) is null)
            return null;
        var range = new PackedRange(PackingKind.Zstd, start, file.Length - start);
        using var unpacked = new MemoryStream();
        bool whole = ZstdPacker.Unpack(new InMemory(file), range, part =>
        {
            if (unpacked.Length <= LargestInner)
                unpacked.Write(part);
        });
        return whole && unpacked.Length + start <= LargestInner ? new PackedFile(range, [.. file.AsSpan(0, start), .. unpacked.ToArray()], unpacked.Length) : null;
    }

    private static int IndexOf(byte[] file, uint magic)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, magic);
        return file.AsSpan(0, Math.Min(file.Length, SearchBytes)).IndexOf(bytes);
    }

    private sealed class InMemory(byte[] bytes) : IDeltaContent
    {
        public long Length => bytes.Length;

        public void Read(long offset, Span<byte> buffer) => bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer);

        public void Dispose()
        {
        }
    }
}
