using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Server.Audit;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Registry;

/// <summary>Manifests of a repository, by digest or tag.</summary>
internal sealed class Manifests(HostupDb db, BlobStore blobs, Images images, AuditLog audit)
{
    /// <summary>As the specification advises registries.</summary>
    private const int MaxBytes = 4 << 20;

    public async Task<IResult> GetAsync(HttpContext context, RepositoryId repository, string reference)
    {
        var ct = context.RequestAborted;
        var digest = await ResolveAsync(repository, reference, ct);
        if (digest is null || await images.FindAsync(repository, digest.Value, ct) is not { MediaType: { } type } || blobs.Find(digest.Value) is not { } path)
            throw new HostupException(HostupErrors.NotFound, $"cannot find manifest {repository}:{reference}", "the repository does not have it", "push the image first");
        context.Response.Headers["Docker-Content-Digest"] = digest.Value.ToString();
        return Results.File(path, type, entityTag: new($"\"{digest.Value}\""));
    }

    public async Task<IResult> PutAsync(HttpContext context, RepositoryId repository, string reference)
    {
        var ct = context.RequestAborted;
        byte[] content = await context.Request.ReadAsync(MaxBytes, ct);
        var digest = Digest.Of(content);
        bool byDigest = Digest.TryParse(reference, out var expected);
        if (byDigest && expected != digest)
            throw new HostupException(HostupErrors.DigestMismatch, $"cannot keep manifest {reference}", $"the content has digest {digest}", "send the content again");
        if (!byDigest && !RepositoryName.IsTag(reference))
            throw new HostupException(HostupErrors.BadValue, $"cannot use tag '{reference}'", "a tag has up to 128 letters, digits, dots, dashes and underscores", "choose another tag");
        await images.CheckPartsAsync(repository, digest, content, ct);
        await blobs.AddAsync(content, ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await images.AddAsync(repository, digest, context.Request.ContentType ?? "application/vnd.oci.image.manifest.v1+json", ct);
        if (!byDigest)
            await TagAsync(repository, reference, digest.ToString(), ct);
        await audit.AddAsync($"image {repository}@{digest}", byDigest ? null : $"tag {reference}", ct);
        await transaction.CommitAsync(ct);
        context.Response.Headers["Docker-Content-Digest"] = digest.ToString();
        return Results.Created($"/v2/{repository}/manifests/{digest}", null);
    }

    public async Task<IResult> ListTagsAsync(RepositoryId repository)
    {
        var tags = await db.RepositoryTags.Where(t => t.OrganisationId == repository.Organisation && t.Repository == repository.Name).OrderBy(t => t.Tag).Select(t => t.Tag).ToListAsync();
        return Results.Json(new { name = repository.Name, tags });
    }

    private async Task<Digest?> ResolveAsync(RepositoryId repository, string reference, CancellationToken ct)
    {
        if (Digest.TryParse(reference, out var digest))
            return digest;
        string? name = await db.RepositoryTags.Where(t => t.OrganisationId == repository.Organisation && t.Repository == repository.Name && t.Tag == reference).Select(t => t.Digest).SingleOrDefaultAsync(ct);
        return name is null ? null : Digest.Parse(name);
    }

    private async Task TagAsync(RepositoryId repository, string tag, string digest, CancellationToken ct)
    {
        if (await db.RepositoryTags.Where(t => t.OrganisationId == repository.Organisation && t.Repository == repository.Name && t.Tag == tag).ExecuteUpdateAsync(s => s.SetProperty(t => t.Digest, digest), ct) > 0)
            return;
        db.RepositoryTags.Add(new RepositoryTagRow { OrganisationId = repository.Organisation, Repository = repository.Name, Tag = tag, Digest = digest });
        await db.SaveChangesAsync(ct);
    }
}
