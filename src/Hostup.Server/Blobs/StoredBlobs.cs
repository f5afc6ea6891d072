using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Oci;
using Hostup.Oci.Images;

namespace Hostup.Server.Blobs;

/// <summary>The images of the server, for readers of layers.</summary>
internal sealed class StoredBlobs(BlobStore blobs) : IBlobSource
{
    /// <inheritdoc/>
    public ValueTask<Stream> OpenAsync(OciDescriptor blob, long offset, CancellationToken ct)
    {
        string path = blobs.Find(blob.Digest) ?? throw new HostupException(HostupErrors.NotFound, $"cannot read blob {blob.Digest}", "the server does not have it", "push the image again");
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 64 * 1024, FileOptions.SequentialScan);
        if (file.Length == blob.Size)
        {
            file.Position = offset;
            return ValueTask.FromResult<Stream>(file);
        }
        // a reader would take the early end for that of a link, which may come back
        using (file)
            throw new HostupException(HostupErrors.DigestMismatch, $"cannot use blob {blob.Digest}", $"the server's copy has {new ByteCount(file.Length)}, {new ByteCount(blob.Size)} are signed", "remove its file from the server and push the image again");
    }
}
