using System.Runtime.InteropServices;

namespace Hostup.Delta.Members;

/// <summary>libzstd (zstd.h), the part that has been stable since 1.4.</summary>
internal static unsafe partial class ZstdCalls
{
    public const int LevelParameter = 100;
    public const int ChecksumParameter = 201;
    public const int WorkersParameter = 400;
    public const int Continue = 0;
    public const int End = 2;

    [LibraryImport(CodecLibrary.Zstd, EntryPoint = "ZSTD_createCCtx")]
    public static partial nint CreatePacker();

    [LibraryImport(CodecLibrary.Zstd, EntryPoint = "ZSTD_freeCCtx")]
    public static partial nuint FreePacker(nint context);

    [LibraryImport(CodecLibrary.Zstd, EntryPoint = "ZSTD_CCtx_setParameter")]
    public static partial nuint SetParameter(nint context, int parameter, int value);

    [LibraryImport(CodecLibrary.Zstd, EntryPoint = "ZSTD_CCtx_setPledgedSrcSize")]
    public static partial nuint SetLength(nint context, ulong bytes);

    [LibraryImport(CodecLibrary.Zstd, EntryPoint = "ZSTD_compressStream2")]
    public static partial nuint Pack(nint context, ref ZstdBuffer output, ref ZstdBuffer input, int directive);

    [LibraryImport(CodecLibrary.Zstd, EntryPoint = "ZSTD_createDCtx")]
    public static partial nint CreateUnpacker();

    [LibraryImport(CodecLibrary.Zstd, EntryPoint = "ZSTD_freeDCtx")]
    public static partial nuint FreeUnpacker(nint context);

    [LibraryImport(CodecLibrary.Zstd, EntryPoint = "ZSTD_decompressStream")]
    public static partial nuint Unpack(nint context, ref ZstdBuffer output, ref ZstdBuffer input);

    [LibraryImport(CodecLibrary.Zstd, EntryPoint = "ZSTD_isError")]
    public static partial uint IsError(nuint result);
}

/// <summary>ZSTD_inBuffer and ZSTD_outBuffer have the same form.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZstdBuffer(byte* start, nuint size)
{
    public byte* Start = start;
    public nuint Size = size;
    public nuint At;
}
