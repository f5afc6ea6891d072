namespace Hostup.Updates.Ports;

/// <summary>One registry that one container image can come from. Nothing that it gives is believed: who asks compares digests.</summary>
public interface IImageSource : IRemoteSource, IDisposable
{
    /// <summary>Fetches a manifest or an index, whole.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>not-found</c>, <c>link</c> and the other codes of a registry.</exception>
    ValueTask<ImageDocument> ManifestAsync(Digest digest, CancellationToken ct);

    /// <summary>Opens a blob from an offset, so that what broke off goes on; reads throw <c>link</c>.</summary>
    /// <param name="digest">Its digest.</param>
    /// <param name="size">Its bytes, as the manifest says.</param>
    /// <param name="from">First byte wanted, zero to below the size.</param>
    /// <param name="ct">Ends the opening.</param>
    /// <exception cref="Core.Errors.HostupException">As above, and <c>byte-budget</c>.</exception>
    ValueTask<Stream> OpenAsync(Digest digest, long size, long from, CancellationToken ct);

    /// <summary>So many bytes that it gave turned out to be wrong: they are <see cref="IRemoteSource.Retried"/>.</summary>
    void Waste(long bytes);
}

/// <summary>A manifest or an index of container images.</summary>
/// <param name="MediaType">What it is.</param>
/// <param name="Bytes">The document as it is stored.</param>
public sealed record ImageDocument(string MediaType, ReadOnlyMemory<byte> Bytes);
