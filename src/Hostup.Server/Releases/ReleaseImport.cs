using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Server.Audit;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Registry;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Releases;

/// <summary>Publishes signed releases. The server reads what was signed; whether to believe it is each device's decision.</summary>
internal sealed class ReleaseImport(HostupDb db, BlobStore blobs, Images images, AuditLog audit, TimeProvider time, ILogger<ReleaseImport> log)
{
    /// <summary>Publishes; the same envelope again changes nothing.</summary>
    /// <param name="organisation">Whose release it is.</param>
    /// <param name="envelopeJson">What was signed.</param>
    /// <param name="draft">It is offered to no device until somebody says so; one that was there stays what it is.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException"><c>signature</c>, <c>bad-image</c> or <c>conflict</c>.</exception>
    public async Task<ReleaseRow> PublishAsync(string organisation, byte[] envelopeJson, bool draft, CancellationToken ct)
    {
        string envelopeDigest = Digest.Of(envelopeJson).ToString();
        if (await db.Releases.AsNoTracking().SingleOrDefaultAsync(r => r.OrganisationId == organisation && r.EnvelopeDigest == envelopeDigest, ct) is { } known)
        {
            await audit.AddAsync($"release {known.Id}", "it was there", ct);
            return known;
        }
        var envelope = Envelope.Parse(envelopeJson);
        if (envelope.PayloadType != ReleaseManifest.PayloadType)
            throw new HostupException(HostupErrors.Signature, "cannot publish the release", $"the envelope holds {envelope.PayloadType}, not {ReleaseManifest.PayloadType}", "send what `hostup release sign` wrote");
        var manifest = ReadManifest(envelope);
        await images.CheckCompleteAsync(new RepositoryId(organisation, manifest.Image.Repository), manifest.Image.Digest, ct);
        if (await db.Releases.AnyAsync(r => r.OrganisationId == organisation && r.DeviceType == manifest.DeviceType && r.Sequence == manifest.Sequence && r.ImageDigest != manifest.Image.Digest.ToString(), ct))
            throw new HostupException(HostupErrors.Conflict, $"cannot publish release {manifest.Version}", $"another release for {manifest.DeviceType} has sequence {manifest.Sequence}", "sign it with a higher --sequence");
        await blobs.AddAsync(envelopeJson, ct);
        var row = ToRow(organisation, manifest, envelopeDigest);
        row.IsDraft = draft;
        db.Releases.Add(row);
        await audit.AddAsync($"release {row.Id}", $"{row.Version} for {row.DeviceType}{(draft ? ", a draft" : "")}", ct);
        log.ReleasePublished(row.Version, row.DeviceType, row.Id);
        return row;
    }

    private static ReleaseManifest ReadManifest(Envelope envelope)
    {
        try
        {
            var manifest = ReleaseManifest.Parse(envelope.UnverifiedPayload.Span);
            DeviceType.Parse(manifest.DeviceType);
            return manifest;
        }
        catch (HostupException e) when (e.Code == HostupErrors.Requires)
        {
            throw new HostupException(HostupErrors.Requires, "cannot publish the release", e.Why, "upgrade the server first", e);
        }
    }

    private ReleaseRow ToRow(string organisation, ReleaseManifest manifest, string envelopeDigest) => new()
    {
        Id = Ids.New(),
        OrganisationId = organisation,
        Version = manifest.Version,
        DeviceType = manifest.DeviceType,
        Sequence = manifest.Sequence,
        BuildId = manifest.BuildId,
        SignedAt = manifest.SignedAt,
        PublishedAt = time.GetUtcNow(),
        EnvelopeDigest = envelopeDigest,
        ImageDigest = manifest.Image.Digest.ToString(),
        Repository = manifest.Image.Repository,
        DownloadBytes = manifest.Image.DownloadBytes,
        TreeDigest = manifest.TreeDigest.ToString(),
    };
}
