using Hostup.Core;
using Hostup.Delta.Format;

namespace Hostup.Delta.Members;

/// <summary>How a part of a file is packed.</summary>
internal enum PackingKind
{
    /// <summary>LZ4 legacy frame: blocks of 8 MiB, each for itself, as the Linux kernel's build makes it.</summary>
    Lz4 = 1,

    /// <summary>One zstd frame.</summary>
    Zstd = 2,
}

/// <summary>All that is needed to pack again what was unpacked: the same library with the same settings gives the same bytes.</summary>
/// <param name="Kind">Format.</param>
/// <param name="Level">Compression level.</param>
/// <param name="Parallel">zstd was told to use threads, which divides its input into jobs; how many there are changes nothing.</param>
/// <param name="Checksum">zstd: the frame ends with a checksum.</param>
/// <param name="Sized">zstd: the frame says how long its content is.</param>
/// <param name="Library">Digest of the library's file.</param>
internal sealed record Packing(PackingKind Kind, int Level, bool Parallel, bool Checksum, bool Sized, Digest Library)
{
    /// <summary>Bits of the settings byte.</summary>
    private const int ParallelBit = 1, ChecksumBit = 2, SizedBit = 4;

    public void Write(ByteSink sink)
    {
        sink.PutNumber((int)Kind);
        sink.PutNumber(Level);
        sink.PutNumber((Parallel ? ParallelBit : 0) | (Checksum ? ChecksumBit : 0) | (Sized ? SizedBit : 0));
        sink.Put(Convert.FromHexString(Library.Hex));
    }

    public static Packing Read(ByteSource source)
    {
        var kind = (PackingKind)source.Number((int)PackingKind.Zstd);
        if (kind == 0)
            throw DeltaErrors.Bad("it packs a file in a way that this program does not know");
        int level = source.Count(22), settings = source.Count(7);
        return new Packing(kind, level, (settings & ParallelBit) != 0, (settings & ChecksumBit) != 0, (settings & SizedBit) != 0, Digest.FromHash(source.Bytes(32)));
    }
}

/// <summary>Where in a file something packed lies.</summary>
/// <param name="Kind">Format.</param>
/// <param name="Start">First byte.</param>
/// <param name="Length">Packed bytes.</param>
internal readonly record struct PackedRange(PackingKind Kind, long Start, long Length);
