using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Oci.Images;

namespace Hostup.Oci;

/// <summary>Reads documents that are parsed as a whole, never more than a limit.</summary>
internal static class SmallBlob
{
    public static async Task<byte[]> ReadAsync(Stream stream, OciDescriptor blob, int limit, CancellationToken ct)
    {
        if (blob.Size > limit)
            throw TooLong($"blob {blob.Digest}", limit);
        var bytes = await ReadAsync(stream, limit, $"blob {blob.Digest}", ct).ConfigureAwait(false);
        return Digest.Of(bytes) == blob.Digest
            ? bytes
            : throw new HostupException(HostupErrors.DigestMismatch, $"cannot use blob {blob.Digest}", $"its digest is {Digest.Of(bytes)}", "fetch it again; if this repeats, the source holds damaged data");
    }

    public static async Task<byte[]> ReadAsync(Stream stream, int limit, string name, CancellationToken ct)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, ct).ConfigureAwait(false) is > 0 and var read)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > limit)
                throw TooLong(name, limit);
        }
        return bytes.ToArray();
    }

    private static HostupException TooLong(string name, int limit) =>
        new(HostupErrors.BadImage, $"cannot read {name}", $"it is longer than {new ByteCount(limit)}", "use an image built by a common tool");
}
