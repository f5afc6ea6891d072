using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.ApiDocument;
using Hostup.Server.Audit;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.TrustLists;

/// <summary>Lists of trusted keys: published by operators, fetched by devices, believed by neither of them because they lie here.</summary>
internal static class TrustListEndpoints
{
    /// <summary>A device that was away for longer asks again.</summary>
    private const int MostAtOnce = 64;

    public static void MapTrustLists(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/trust-lists").WithTags("Trust lists").For(CallerKind.Operator);
        group.MapPost("/", Publish).May(Act.ChangeTrust).Audited("trust.publish").TakesRaw("application/json").Produces<TrustListView>().WithSummary("Publishes a signed list of trusted keys (DSSE envelope)");
        group.MapGet("/", List).May(Act.Read).WithSummary("Lists of trusted keys, newest first");
        routes.MapGet("/device/v1/trust", Newer).For(CallerKind.Device).WithTags("Device").WithSummary("The signed lists above a version, oldest first");
    }

    private static async Task<TrustListView> Publish(HttpRequest request, HostupDb db, Scope scope, BlobStore blobs, AuditLog audit, TimeProvider time, CancellationToken ct)
    {
        byte[] json = await request.ReadAsync(Envelope.MaxBytes, ct);
        string digest = Digest.Of(json).ToString();
        if (await db.TrustListsOf(scope).AsNoTracking().SingleOrDefaultAsync(t => t.EnvelopeDigest == digest, ct) is { } known)
        {
            await audit.AddAsync($"trust list {known.Version}", "it was there", ct);
            return ToView(known);
        }
        var envelope = Envelope.Parse(json);
        var list = TrustList.Parse(envelope.UnverifiedPayload.Span);
        // what no device would take is a mistake of the operator's, said here and not by a thousand devices
        list.Verify(envelope, TrustRole.Root, TrustList.PayloadType);
        if (await db.TrustListsOf(scope).AsNoTracking().OrderByDescending(t => t.Version).FirstOrDefaultAsync(ct) is { } last)
            TrustList.Parse(Envelope.Parse(await blobs.ReadAsync(Digest.Parse(last.EnvelopeDigest), ct)).UnverifiedPayload.Span).Follow(envelope);
        await blobs.AddAsync(json, ct);
        var row = new TrustListRow { OrganisationId = scope.Organisation, Version = list.Version, EnvelopeDigest = digest, PublishedAt = time.GetUtcNow() };
        db.TrustLists.Add(row);
        await audit.AddAsync($"trust list {row.Version}", null, ct);
        return ToView(row);
    }

    private static async Task<Page<TrustListView>> List(HostupDb db, Scope scope, CancellationToken ct) =>
        new([.. (await db.TrustListsOf(scope).AsNoTracking().OrderByDescending(t => t.Version).Take(1000).ToListAsync(ct)).Select(ToView)], null);

    private static async Task<Page<TrustListView>> Newer(HostupDb db, Scope scope, long after, CancellationToken ct) =>
        new([.. (await db.TrustListsOf(scope).AsNoTracking().Where(t => t.Version > after).OrderBy(t => t.Version).Take(MostAtOnce).ToListAsync(ct)).Select(ToView)], null);

    private static TrustListView ToView(TrustListRow row) => new(row.Version, Digest.Parse(row.EnvelopeDigest), row.PublishedAt);
}
