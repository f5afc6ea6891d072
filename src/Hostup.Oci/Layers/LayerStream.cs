using System.IO.Compression;
using System.IO.Pipelines;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Oci.Images;

namespace Hostup.Oci.Layers;

/// <summary>
/// The uncompressed bytes of one layer. A second thread of work reads, checks and inflates ahead, so that on two cores a layer costs
/// the slower of inflating and writing, not their sum. The blob's digest is checked when the end has been read, and the diff id if asked for.
/// </summary>
internal sealed class LayerStream : Stream
{
    /// <summary>How far it reads ahead: a disk's pause of some 10 ms at 50 MB/s.</summary>
    private const int AheadBytes = 512 << 10;
    private const int ChunkBytes = 64 * 1024;
    /// <summary>The inflater gives some 20 KB at a time: what is left of a chunk is filled before a new one is taken.</summary>
    private const int LeastBytes = 4096;

    private readonly DigestStream _blob;
    private readonly Stream _content;
    private readonly Digest _layer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Pipe _pipe = new(new PipeOptions(
        pauseWriterThreshold: AheadBytes, resumeWriterThreshold: AheadBytes / 2, minimumSegmentSize: ChunkBytes, useSynchronizationContext: false));
    private readonly Task _ahead;

    /// <param name="raw">The blob from its beginning; owned.</param>
    /// <param name="layer">What it must be; without a diff id the uncompressed bytes are not hashed.</param>
    public LayerStream(Stream raw, OciLayer layer)
    {
        _layer = layer.Blob.Digest;
        if (layer.Blob.Compression == LayerCompression.Unsupported)
        {
            raw.Dispose();
            throw new HostupException(HostupErrors.BadImage, $"cannot read layer {_layer}", $"its compression ({layer.Blob.MediaType}) is not supported", "build the image with gzip layers");
        }
        _blob = new DigestStream(raw, layer.Blob.Digest, layer.Blob.Size, "layer");
        Stream plain = layer.Blob.Compression switch
        {
            LayerCompression.Gzip => new GZipStream(_blob, CompressionMode.Decompress),
            LayerCompression.Zstd => new ZstdStream(_blob),
            _ => _blob,
        };
        _content = layer.DiffId is { } content ? new DigestStream(plain, content, null, "content of layer") : plain;
        _ahead = ReadAheadAsync();
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var result = await _pipe.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        int done = 0;
        foreach (var segment in result.Buffer)
        {
            int count = Math.Min(segment.Length, buffer.Length - done);
            segment.Span[..count].CopyTo(buffer.Span[done..]);
            done += count;
            if (done == buffer.Length)
                break;
        }
        _pipe.Reader.AdvanceTo(result.Buffer.GetPosition(done));
        return done;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Stops reading ahead and closes the blob.</summary>
    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _pipe.Reader.CompleteAsync().ConfigureAwait(false);
        await _ahead.ConfigureAwait(false);
        await _content.DisposeAsync().ConfigureAwait(false);
        await _blob.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Ends only by completing the pipe: with the end of the layer, or with what went wrong, which the reader then throws.</summary>
    private async Task ReadAheadAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Exception? wrong = null;
        try
        {
            await PumpAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Nothing is swallowed: the reader throws it. A pipe that is never completed would leave the reader waiting for ever.
            wrong = e is InvalidDataException ? await DamagedAsync(e).ConfigureAwait(false) : e;
        }
        await _pipe.Writer.CompleteAsync(wrong).ConfigureAwait(false);
    }

    private async Task PumpAsync(CancellationToken ct)
    {
        while (true)
        {
            int read = await _content.ReadAsync(_pipe.Writer.GetMemory(LeastBytes), ct).ConfigureAwait(false);
            if (read == 0)
                break;
            _pipe.Writer.Advance(read);
            if ((await _pipe.Writer.FlushAsync(ct).ConfigureAwait(false)).IsCompleted)
                return;
        }
        // gzip may end before the blob does.
        await _blob.DrainAsync(ct).ConfigureAwait(false);
    }

    /// <summary>A blob that does not inflate is most often a damaged one: its digest says so better than the inflater can.</summary>
    private async Task<Exception> DamagedAsync(Exception inflating)
    {
        try
        {
            await _blob.DrainAsync(_stop.Token).ConfigureAwait(false);
            return new HostupException(HostupErrors.BadImage, $"cannot read layer {_layer}", inflating.Message, "build the image again", inflating);
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
