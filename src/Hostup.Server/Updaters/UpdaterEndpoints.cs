using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.ApiDocument;
using Hostup.Server.Audit;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Deltas;
using Hostup.Server.Registry;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updaters;

/// <summary>Device programs that updates transfer: first the program by digest, then the envelope that signs it.</summary>
internal static class UpdaterEndpoints
{
    /// <summary>Largest program; the trimmed device program has 17 MB.</summary>
    private const long MaxBytes = 512L << 20;

    /// <summary>Where programs are kept: a name that no client of the registry can say.</summary>
    private const string Programs = "_updaters";

    public static void MapUpdaters(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/updaters").WithTags("Updaters").For(CallerKind.Operator);
        group.MapPut("/programs/{digest}", PutProgram).May(Act.Publish).Audited("updater.upload").TakesRaw("application/octet-stream").WithSummary("Uploads a program");
        group.MapPost("/", Publish).May(Act.Publish).Audited("updater.publish").TakesRaw("application/json").Produces<UpdaterView>().WithSummary("Publishes a signed updater statement (DSSE envelope) whose program was uploaded before");
        group.MapGet("/", List).May(Act.Read).WithSummary("Updaters, newest publication first");
    }

    private static async Task<IResult> PutProgram(string digest, HttpContext context, HostupDb db, Scope scope, BlobStore blobs, Images images, AuditLog audit, CancellationToken ct)
    {
        var expected = Digest.Parse(digest);
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = MaxBytes;
        var programs = new RepositoryId(scope.Organisation, Programs);
        // Who names a digest has not shown that they have the program: another organisation's is sent again.
        if (await images.FindAsync(programs, expected, ct) is null || !blobs.Renew(expected))
        {
            string upload = blobs.StartUpload();
            await blobs.AppendAsync(upload, context.Request.Body, 0, ct);
            await blobs.FinishAsync(upload, expected, ct);
        }
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await images.AddAsync(programs, expected, null, ct);
        await audit.AddAsync($"program {expected}", null, ct);
        await transaction.CommitAsync(ct);
        return Results.Ok();
    }

    private static async Task<UpdaterView> Publish(HttpRequest request, HostupDb db, Scope scope, BlobStore blobs, Images images, AuditLog audit, TimeProvider time, DeltaNews news, CancellationToken ct)
    {
        byte[] json = await request.ReadAsync(Envelope.MaxBytes, ct);
        var envelope = Envelope.Parse(json);
        if (envelope.PayloadType != UpdaterStatement.PayloadType)
            throw new HostupException(HostupErrors.Signature, "cannot publish the updater", $"the envelope holds {envelope.PayloadType}, not {UpdaterStatement.PayloadType}", "send what `hostup updater sign` wrote");
        var statement = UpdaterStatement.Parse(envelope.UnverifiedPayload.Span);
        if (await images.FindAsync(new RepositoryId(scope.Organisation, Programs), statement.Digest, ct) is null || !blobs.Renew(statement.Digest) || blobs.SizeOf(statement.Digest) is not { } size || size != statement.Size)
            throw new HostupException(HostupErrors.NotFound, "cannot publish the updater", $"no program of digest {statement.Digest} and {statement.Size} bytes was uploaded", "upload the program first");
        var envelopeDigest = await blobs.AddAsync(json, ct);
        string digest = statement.Digest.ToString();
        var row = await db.UpdatersOf(scope).SingleOrDefaultAsync(u => u.Digest == digest, ct)
            ?? db.Updaters.Add(new UpdaterRow { OrganisationId = scope.Organisation, Digest = digest, Version = "", Platform = "", EnvelopeDigest = "", PublishedAt = time.GetUtcNow() }).Entity;
        row.Version = statement.Version;
        row.Size = statement.Size;
        row.Platform = statement.Platform;
        row.EnvelopeDigest = envelopeDigest.ToString();
        await audit.AddAsync($"updater {digest}", $"{row.Version} for {row.Platform}", ct);
        news.Tell(DeltaNews.Updaters);
        return ToView(row);
    }

    private static async Task<Page<UpdaterView>> List(HostupDb db, Scope scope, CancellationToken ct) =>
        new([.. (await db.UpdatersOf(scope).AsNoTracking().OrderByDescending(u => u.PublishedAt).Take(1000).ToListAsync(ct)).Select(ToView)], null);

    private static UpdaterView ToView(UpdaterRow row) =>
        new(row.Version, Digest.Parse(row.Digest), row.Size, row.Platform, Digest.Parse(row.EnvelopeDigest), row.PublishedAt);
}
