using Hostup.Oci;
using Hostup.Oci.Images;

namespace Hostup.Linux.Deltas;

/// <summary>Blobs of which one member is asked for at a time: of an image only what a delta could not make is wanted, and what a server has begun to send costs too.</summary>
internal sealed class SingleMembers(IBlobSource inner) : IBlobSource
{
    /// <inheritdoc/>
    public long ReceivedBytes => inner.ReceivedBytes;

    /// <summary>Nothing beyond the member that is asked for.</summary>
    public long Allows(long bytes) => 0;

    /// <inheritdoc/>
    public ValueTask<Stream> OpenAsync(OciDescriptor blob, long offset, CancellationToken ct) => inner.OpenAsync(blob, offset, ct);

    /// <inheritdoc/>
    public ValueTask<Stream> OpenPartAsync(OciDescriptor blob, long offset, long bytes, CancellationToken ct) => inner.OpenPartAsync(blob, offset, bytes, ct);
}
