using Hostup.Oci.Images;

namespace Hostup.Oci;

/// <summary>Where the blobs of an image come from. Two real sources exist: a layout on disk and a registry.</summary>
public interface IBlobSource
{
    /// <summary>Opens a blob from an offset, so that a broken transfer can go on where it stopped.</summary>
    /// <param name="blob">The blob; its digest names it.</param>
    /// <param name="offset">First byte wanted, 0 to the blob's size.</param>
    /// <param name="ct">Cancels the opening; reads have their own.</param>
    /// <returns>A stream of the blob's bytes from the offset on. Nothing is checked yet: the reader compares digest and size.</returns>
    /// <exception cref="Core.Errors.HostupException"><c>not-found</c>, <c>link</c>, <c>server-busy</c>, <c>unauthorized</c>; reads throw <c>link</c>.</exception>
    ValueTask<Stream> OpenAsync(OciDescriptor blob, long offset, CancellationToken ct);

    /// <summary>Bytes that it has brought so far, on the wire; zero: it does not count them.</summary>
    long ReceivedBytes => 0;

    /// <summary>How many of so many bytes the source may send now: less when a budget ends before.</summary>
    long Allows(long bytes) => bytes;

    /// <summary>Opens a part of a blob: the reader takes no more than that, and a source that costs money should not send more.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="offset">First byte wanted.</param>
    /// <param name="bytes">How many are wanted; the stream may give more.</param>
    /// <param name="ct">Cancels the opening.</param>
    ValueTask<Stream> OpenPartAsync(OciDescriptor blob, long offset, long bytes, CancellationToken ct) => OpenAsync(blob, offset, ct);
}
