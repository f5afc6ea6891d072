using System.Net;
using System.Net.Http.Headers;

namespace Hostup.Oci.Registries;

/// <summary>A body of known length on its way to a registry; owns the stream.</summary>
internal sealed class CountedContent : HttpContent
{
    private readonly Stream _source;
    private readonly long _bytes;
    private readonly TransferCounter _counter;

    public CountedContent(Stream source, long bytes, string mediaType, TransferCounter counter)
    {
        (_source, _bytes, _counter) = (source, bytes, counter);
        Headers.ContentType = new MediaTypeHeaderValue(mediaType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        while (await _source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            _counter.Sent(read);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _bytes;
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _source.Dispose();
        base.Dispose(disposing);
    }
}
