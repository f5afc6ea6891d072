using System.IO.Compression;
using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.Releases;

namespace Hostup.Oci.Layers;

/// <summary>
/// Compresses a layer as gzip members that every gzip reader takes as one stream (RFC 1952, 2.2), none larger than
/// <see cref="LayerMember.MaxSize"/>. The same content gives the same bytes with one version of the runtime.
/// </summary>
/// <param name="output">Where the members go; not disposed.</param>
internal sealed class MemberWriter(Stream output)
{
    /// <summary>What the compressor may still hold when the member is closed: one block of literals (zlib, 16 Ki symbols) and its buffers.</summary>
    private const int Reserve = 96 << 10;
    private const int ChunkBytes = 16 << 10;

    /// <summary>Compresses a stream to its end.</summary>
    public async Task<IReadOnlyList<LayerMember>> WriteAsync(Stream content, CancellationToken ct)
    {
        var members = new List<LayerMember>();
        byte[] chunk = new byte[ChunkBytes];
        using var member = new MemoryStream(LayerMember.MaxSize);
        int read = await content.ReadAtLeastAsync(chunk, ChunkBytes, throwOnEndOfStream: false, ct).ConfigureAwait(false);
        while (read > 0)
        {
            member.SetLength(0);
            int contentBytes = 0;
            var gzip = new GZipStream(member, CompressionLevel.Optimal, leaveOpen: true);
            await using (gzip.ConfigureAwait(false))
            {
                while (read > 0 && member.Length < LayerMember.MaxSize - Reserve && contentBytes <= LayerMember.MaxContentSize - ChunkBytes)
                {
                    gzip.Write(chunk.AsSpan(0, read));
                    contentBytes += read;
                    read = await content.ReadAtLeastAsync(chunk, ChunkBytes, throwOnEndOfStream: false, ct).ConfigureAwait(false);
                }
            }
            if (member.Length > LayerMember.MaxSize)
                throw new InvalidOperationException($"bug: a member has {member.Length} bytes");
            var bytes = member.GetBuffer().AsMemory(0, (int)member.Length);
            members.Add(new LayerMember(bytes.Length, contentBytes, Digest.FromHash(SHA256.HashData(bytes.Span))));
            await output.WriteAsync(bytes, ct).ConfigureAwait(false);
        }
        return members;
    }
}
