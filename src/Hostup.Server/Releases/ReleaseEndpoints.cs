using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.ApiDocument;
using Hostup.Server.Audit;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Updates;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Releases;

/// <summary>Releases: publish, list, show, offer, invalidate.</summary>
internal static class ReleaseEndpoints
{
    public static void MapReleases(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/releases").WithTags("Releases").For(CallerKind.Operator);
        group.MapPost("/", Publish).May(Act.Publish).Audited("release.publish").TakesRaw("application/json").Produces<ReleaseView>().WithSummary("Publishes a signed release manifest (DSSE envelope) whose image was pushed before");
        group.MapGet("/", List).May(Act.Read).WithSummary("Releases, newest first");
        group.MapGet("/{id}", Show).May(Act.Read).WithSummary("One release");
        group.MapGet("/{id}/envelope", ShowEnvelope).May(Act.Read).Produces<byte[]>(contentType: "application/json").WithSummary("The signed document");
        group.MapGet("/{id}/outcomes", ShowOutcomes).May(Act.Read).WithSummary("How the attempts of the release ended, over all devices that the caller sees");
        group.MapPost("/{id}/offer", Offer).May(Act.Publish).Audited("release.offer").WithSummary("Lets devices have a release that was published as a draft");
        group.MapPost("/{id}/invalidate", Invalidate).May(Act.Publish).Audited("release.invalidate").WithSummary("Says that nobody is to install the release any more");
    }

    private static async Task<ReleaseView> Publish(HttpRequest request, bool? draft, ReleaseImport import, Scope scope, CancellationToken ct) =>
        ToView(await import.PublishAsync(scope.Organisation, await request.ReadAsync(Envelope.MaxBytes, ct), draft ?? false, ct));

    private static async Task<Page<ReleaseView>> List(HostupDb db, Scope scope, string? deviceType, string? version, string? after, int? limit, CancellationToken ct)
    {
        int count = Paging.Count(limit);
        var rows = await db.ReleasesOf(scope).AsNoTracking()
            .Where(r => (deviceType == null || r.DeviceType == deviceType) && (version == null || r.Version == version) && (after == null || string.Compare(r.Id, after) < 0))
            .OrderByDescending(r => r.Id).Take(count + 1).ToListAsync(ct);
        return Paging.Page(rows, count, r => r.Id, ToView);
    }

    private static async Task<ReleaseView> Show(string id, HostupDb db, Scope scope, CancellationToken ct) => ToView(await FindAsync(db, scope, id, ct));

    private static async Task<IResult> ShowEnvelope(string id, HostupDb db, Scope scope, BlobStore blobs, CancellationToken ct) =>
        Results.Bytes(await blobs.ReadAsync(Digest.Parse((await FindAsync(db, scope, id, ct)).EnvelopeDigest), ct), "application/json");

    private static async Task<ReleaseOutcomes> ShowOutcomes(string id, HostupDb db, Scope scope, CancellationToken ct) => await Outcomes.OfAsync(db, scope, await FindAsync(db, scope, id, ct), ct);

    private static async Task<ReleaseView> Offer(string id, HostupDb db, Scope scope, AuditLog audit, CancellationToken ct)
    {
        var row = await FindAsync(db, scope, id, ct);
        if (row.InvalidatedAt is not null)
            throw new HostupException(HostupErrors.Invalidated, $"cannot offer release {row.Version}", $"it was invalidated: {row.InvalidatedReason}", "publish another release");
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        int offered = await db.ReleasesOf(scope).Where(r => r.Id == row.Id && r.IsDraft).ExecuteUpdateAsync(s => s.SetProperty(r => r.IsDraft, false), ct);
        await audit.AddAsync($"release {row.Id}", offered > 0 ? $"{row.Version} for {row.DeviceType}" : "it was offered before", ct);
        await transaction.CommitAsync(ct);
        return ToView(await FindAsync(db, scope, row.Id, ct));
    }

    private static async Task<ReleaseView> Invalidate(string id, InvalidateRequest request, HostupDb db, Scope scope, AuditLog audit, TimeProvider time, ILogger<ReleaseRow> log, CancellationToken ct)
    {
        if (string.IsNullOrWhiteSpace(request.Reason))
            throw new HostupException(HostupErrors.BadValue, "cannot invalidate the release", "no reason is given", "say why, for those who meet it later");
        var row = await FindAsync(db, scope, id, ct);
        // the first reason stays
        var now = time.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.ReleasesOf(scope).Where(r => r.Id == row.Id && r.InvalidatedAt == null).ExecuteUpdateAsync(s => s.SetProperty(r => r.InvalidatedAt, now).SetProperty(r => r.InvalidatedReason, request.Reason), ct);
        await audit.AddAsync($"release {row.Id}", request.Reason, ct);
        await transaction.CommitAsync(ct);
        log.ReleaseInvalidated(row.Id, request.Reason);
        return ToView(await FindAsync(db, scope, row.Id, ct));
    }

    private static async Task<ReleaseRow> FindAsync(HostupDb db, Scope scope, string name, CancellationToken ct)
    {
        var found = await db.ReleasesOf(scope).AsNoTracking().Where(r => r.Id == name || r.Version == name).OrderByDescending(r => r.Sequence).Take(2).ToListAsync(ct);
        return found switch
        {
            [var one] => one,
            [] => throw new HostupException(HostupErrors.NotFound, $"cannot find release '{name}'", "no release has this version or id", "see `hostup release list`"),
            _ => throw new HostupException(HostupErrors.Conflict, $"cannot tell which release '{name}' is", "several releases have this version", "give the id"),
        };
    }

    /// <summary>A release as an operator sees it.</summary>
    public static ReleaseView ToView(ReleaseRow row) => new()
    {
        Id = row.Id,
        Version = row.Version,
        DeviceType = row.DeviceType,
        Sequence = row.Sequence,
        BuildId = row.BuildId,
        SignedAt = row.SignedAt,
        PublishedAt = row.PublishedAt,
        Envelope = Digest.Parse(row.EnvelopeDigest),
        Image = Digest.Parse(row.ImageDigest),
        Repository = row.Repository,
        DownloadBytes = row.DownloadBytes,
        IsDraft = row.IsDraft,
        InvalidatedReason = row.InvalidatedReason,
    };
}
