using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.Errors;

namespace Hostup.Oci;

/// <summary>Passes a stream on and, at its end, insists on its digest and size. Owns the inner stream.</summary>
/// <param name="inner">What is read.</param>
/// <param name="expected">Digest of all bytes.</param>
/// <param name="size">Number of bytes; null when not known.</param>
/// <param name="name">What it is, for the error: "blob", "content of layer".</param>
internal sealed class DigestStream(Stream inner, Digest expected, long? size, string name) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _bytes;
    private bool _checked;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => _bytes; set => throw new NotSupportedException(); }

    /// <exception cref="HostupException"><c>digest-mismatch</c> at the end of the stream, or as soon as it is longer than announced.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Account(buffer.Span[..read], buffer.IsEmpty);
        return read;
    }

    public override int Read(Span<byte> buffer)
    {
        int read = inner.Read(buffer);
        Account(buffer[..read], buffer.IsEmpty);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Reads to the end for the check's sake.</summary>
    public async ValueTask DrainAsync(CancellationToken ct)
    {
        var buffer = new byte[16 * 1024];
        while (await ReadAsync(buffer, ct).ConfigureAwait(false) > 0)
        {
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Account(ReadOnlySpan<byte> read, bool nothingAsked)
    {
        if (_checked || nothingAsked)
            return;
        _hash.AppendData(read);
        _bytes += read.Length;
        if (_bytes > size)
            throw Mismatch($"it has more than the {size} bytes announced");
        if (!read.IsEmpty)
            return;
        _checked = true;
        if (size is { } announced && _bytes != announced)
            throw Mismatch($"it ends after {_bytes} of {announced} bytes");
        var actual = Digest.FromHash(_hash.GetHashAndReset());
        if (actual != expected)
            throw Mismatch($"its digest is {actual}");
    }

    private HostupException Mismatch(string why) =>
        new(HostupErrors.DigestMismatch, $"cannot use {name} {expected}", why, "fetch it again; if this repeats, the source holds damaged data");
}
