using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Registry;

/// <summary>Knows which contents make up an image and whether all are here.</summary>
internal sealed class Images(HostupDb db, BlobStore blobs)
{
    /// <summary>Indexes in indexes are not a thing that builders make; a manifest in an index is depth 2.</summary>
    private const int MaxDepth = 4;

    /// <exception cref="HostupException"><c>not-found</c> when the image or a part of it is missing.</exception>
    public async Task CheckCompleteAsync(RepositoryId repository, Digest digest, CancellationToken ct, int depth = 0)
    {
        var row = await FindAsync(repository, digest, ct);
        if (row?.MediaType is null || !blobs.Renew(digest) || depth > MaxDepth)
            throw Incomplete(repository, digest, "manifest", digest);
        var parts = References(await blobs.ReadAsync(digest, ct));
        foreach (var part in parts.Contents)
            await CheckPartAsync(repository, digest, part, ct);
        foreach (var part in parts.Manifests)
            await CheckCompleteAsync(repository, part, ct, depth + 1);
    }

    /// <summary>Checks that what a manifest names is in its repository.</summary>
    public async Task CheckPartsAsync(RepositoryId repository, Digest digest, byte[] manifest, CancellationToken ct)
    {
        var (contents, manifests) = References(manifest);
        foreach (var part in contents.Concat(manifests))
            await CheckPartAsync(repository, digest, part, ct);
    }

    /// <summary>The entry of some content in a repository; null when it is not there.</summary>
    public Task<RepositoryContentRow?> FindAsync(RepositoryId repository, Digest digest, CancellationToken ct)
    {
        string name = digest.ToString();
        return db.RepositoryContents.AsNoTracking().SingleOrDefaultAsync(c => c.OrganisationId == repository.Organisation && c.Repository == repository.Name && c.Digest == name, ct);
    }

    /// <summary>Says that content belongs to a repository.</summary>
    public async Task AddAsync(RepositoryId repository, Digest digest, string? mediaType, CancellationToken ct)
    {
        string name = digest.ToString();
        var row = await db.RepositoryContents.SingleOrDefaultAsync(c => c.OrganisationId == repository.Organisation && c.Repository == repository.Name && c.Digest == name, ct);
        if (row is null)
            db.RepositoryContents.Add(new RepositoryContentRow { OrganisationId = repository.Organisation, Repository = repository.Name, Digest = name, MediaType = mediaType });
        else if (mediaType is not null)
            row.MediaType = mediaType;
        await db.SaveChangesAsync(ct);
    }

    private async Task CheckPartAsync(RepositoryId repository, Digest image, Digest part, CancellationToken ct)
    {
        // the row that will refer to it is not there yet
        if (!blobs.Renew(part) || await FindAsync(repository, part, ct) is null)
            throw Incomplete(repository, image, "content", part);
    }

    private static (IReadOnlyList<Digest> Contents, IReadOnlyList<Digest> Manifests) References(byte[] manifest)
    {
        try
        {
            using var json = JsonDocument.Parse(manifest);
            var root = json.RootElement;
            var contents = new List<Digest>();
            if (root.TryGetProperty("config", out var config))
                contents.Add(DigestOf(config));
            // content that only a foreign address has is none of ours to hold
            if (root.TryGetProperty("layers", out var layers))
                contents.AddRange(layers.EnumerateArray().Where(l => !l.TryGetProperty("urls", out _)).Select(DigestOf));
            return (contents, root.TryGetProperty("manifests", out var manifests) ? [.. manifests.EnumerateArray().Select(DigestOf)] : []);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException || e is HostupException { Code.Id: "bad-value" })
        {
            throw new HostupException(HostupErrors.BadImage, "cannot read image manifest", e.Message, "push an OCI or docker v2 image", e);
        }
    }

    private static Digest DigestOf(JsonElement descriptor) => Digest.Parse(descriptor.GetProperty("digest").GetString() ?? "");

    private static HostupException Incomplete(RepositoryId repository, Digest image, string what, Digest part) =>
        new(HostupErrors.BadImage, $"cannot use image {repository}@{image}", $"{what} {part} is not on the server", "push the whole image first");
}
