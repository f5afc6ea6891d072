using System.Runtime.InteropServices;

namespace Hostup.Delta.Members;

/// <summary>liblz4 (lz4.h, lz4hc.h).</summary>
internal static partial class Lz4Calls
{
    [LibraryImport(CodecLibrary.Lz4, EntryPoint = "LZ4_compress_HC")]
    public static partial int Pack(ReadOnlySpan<byte> source, Span<byte> target, int sourceBytes, int targetBytes, int level);

    [LibraryImport(CodecLibrary.Lz4, EntryPoint = "LZ4_decompress_safe")]
    public static partial int Unpack(ReadOnlySpan<byte> source, Span<byte> target, int sourceBytes, int targetBytes);
}
