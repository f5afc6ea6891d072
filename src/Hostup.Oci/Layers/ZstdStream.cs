using System.Buffers;
using System.Runtime.InteropServices;
using Hostup.Core.Errors;

namespace Hostup.Oci.Layers;

/// <summary>Inflates zstd (RFC 8878) with the system's libzstd, frame after frame. Owns the inner stream.</summary>
internal sealed partial class ZstdStream : Stream
{
    private const string Library = "libzstd.so.1";

    /// <summary>ZSTD_DStreamInSize: one block of 128 KiB and its header.</summary>
    private const int InputBytes = (128 << 10) + 3;

    /// <summary>ZSTD_d_windowLogMax.</summary>
    private const int WindowLogParameter = 100;

    /// <summary>8 MiB, what level 19 uses (zstd manual): a device has 64 MiB for the whole update.</summary>
    private const int WindowLogMax = 23;

    private readonly Stream _inner;
    private readonly byte[] _input = ArrayPool<byte>.Shared.Rent(InputBytes);
    private nint _context;
    private int _start;
    private int _end;
    private nuint _hint = 1;
    private bool _more;

    /// <param name="inner">What is inflated.</param>
    /// <param name="library">What must be there.</param>
    /// <exception cref="HostupException"><c>bad-image</c> when the system has no libzstd.</exception>
    public ZstdStream(Stream inner, string library = Library)
    {
        _inner = inner;
        if (!NativeLibrary.TryLoad(library, out _))
        {
            inner.Dispose();
            throw new HostupException(HostupErrors.BadImage, "cannot read a zstd layer", $"the system has no {library}", "build the image with gzip layers, or put libzstd into the OS that runs");
        }
        _context = CreateContext();
        if (_context == 0)
            throw new InvalidOperationException("bug: libzstd gives no context");
        _ = SetParameter(_context, WindowLogParameter, WindowLogMax);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="InvalidDataException">It is no zstd, is damaged, or needs more memory than there is.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_start == _end && !_more)
            {
                (_start, _end) = (0, await _inner.ReadAsync(_input.AsMemory(0, InputBytes), cancellationToken).ConfigureAwait(false));
                if (_end == 0)
                    return _hint == 0 ? 0 : throw new InvalidDataException("the zstd frame ends early");
            }
            if (Step(buffer.Span) is > 0 and var written)
                return written;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (_context != 0)
            _ = FreeContext(_context);
        _context = 0;
        if (disposing)
        {
            ArrayPool<byte>.Shared.Return(_input);
            _inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private unsafe int Step(Span<byte> output)
    {
        fixed (byte* from = _input, to = output)
        {
            var source = new Buffer { Start = (nint)from, Size = (nuint)_end, Position = (nuint)_start };
            var target = new Buffer { Start = (nint)to, Size = (nuint)output.Length };
            _hint = Decompress(_context, ref target, ref source);
            if (IsError(_hint) != 0)
                throw new InvalidDataException("zstd: " + Marshal.PtrToStringUTF8(ErrorName(_hint)));
            _start = (int)source.Position;
            _more = target.Position == target.Size; // it may hold more than fitted
            return (int)target.Position;
        }
    }

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer have one form.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Buffer
    {
        public nint Start;
        public nuint Size;
        public nuint Position;
    }

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    private static partial nint CreateContext();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    private static partial nuint FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    private static partial nuint SetParameter(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    private static partial nuint Decompress(nint context, ref Buffer output, ref Buffer input);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsError(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint ErrorName(nuint result);
}
