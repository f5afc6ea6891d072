using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Oci.Images;

namespace Hostup.Oci.Layouts;

/// <summary>
/// A blob of a layout in the making: written once, hashed on the way, durable under its digest after <see cref="FinishAsync"/>.
/// Disposed without that, it leaves nothing.
/// </summary>
public sealed class NewBlobStream : Stream
{
    private readonly string _blobs;
    private readonly string _staged;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _finished;

    internal NewBlobStream(string layout)
    {
        _blobs = Path.Combine(layout, "blobs", "sha256");
        _staged = Path.Combine(layout, "blobs", $"staged-{Guid.NewGuid():N}");
        _file = new FileStream(_staged, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 128 * 1024);
    }

    /// <summary>Bytes written so far.</summary>
    public override long Length => _file.Position;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Position { get => _file.Position; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _hash.AppendData(buffer);
        _file.Write(buffer);
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Gives the blob its name. Nothing may be written after it.</summary>
    public Task<OciDescriptor> FinishAsync(string mediaType, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        FileFlush.ToDisk(_file);
        var digest = Digest.FromHash(_hash.GetHashAndReset());
        var descriptor = new OciDescriptor { MediaType = mediaType, Digest = digest, Size = _file.Position };
        _file.Dispose();
        File.Move(_staged, Path.Combine(_blobs, digest.Hex), overwrite: true);
        FileFlush.Directory(_blobs);
        _finished = true;
        return Task.FromResult(descriptor);
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            _file.Dispose();
            if (!_finished)
                File.Delete(_staged);
        }
        base.Dispose(disposing);
    }
}
