using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.ApiDocument;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Updaters;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>What a device calls about its attempts, and what it fetches for them.</summary>
internal static class AttemptApi
{
    /// <summary>Largest plan, as the device's journal has it.</summary>
    private const int MaxPlanBytes = 256 << 10;

    public static void MapAttemptApi(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/device/v1").WithTags("Device").For(CallerKind.Device);
        group.MapPut("/attempts/{id}", (string id, AttemptReport report, Caller caller, AttemptIntake intake, CancellationToken ct) => intake.TakeAsync(caller.Id, id, report, ct)).WithSummary("Where an attempt stands; durable before 200");
        group.MapPut("/attempts/{id}/log", AppendLog).TakesRaw("text/plain").WithSummary("Adds to the log of an attempt");
        group.MapPut("/attempts/{id}/plan", PutPlan).TakesRaw("application/octet-stream").WithSummary("Keeps the plan of an attempt");
        group.MapGet("/envelopes/{digest}", Envelope).Produces<byte[]>(contentType: "application/json").WithSummary("A signed document of a release or updater");
        group.MapGet("/updaters/{digest}", Updater).Produces<byte[]>(contentType: "application/octet-stream").WithSummary("A device program, or a delta that gives one; Range");
    }

    private static async Task<LogAnswer> AppendLog(string id, long offset, Caller caller, HttpRequest request, AttemptIntake intake, AttemptLogs logs, CancellationToken ct)
    {
        var attempt = await intake.OfDeviceAsync(caller.Id, id, ct);
        return await logs.AppendAsync(attempt, offset, await request.ReadAsync(AttemptLogs.MaxPartBytes, ct), ct);
    }

    private static async Task<IResult> PutPlan(string id, Caller caller, HttpRequest request, AttemptIntake intake, HostupDb db, CancellationToken ct)
    {
        var attempt = await intake.OfDeviceAsync(caller.Id, id, ct);
        byte[] plan = await request.ReadAsync(MaxPlanBytes, ct);
        if (await db.AttemptPlans.Where(p => p.AttemptId == attempt.Id).ExecuteUpdateAsync(s => s.SetProperty(p => p.Content, plan), ct) == 0)
        {
            db.AttemptPlans.Add(new AttemptPlanRow { AttemptId = attempt.Id, Content = plan });
            await db.SaveChangesAsync(ct);
        }
        return Results.Ok();
    }

    private static async Task<IResult> Envelope(string digest, Scope scope, HostupDb db, BlobStore blobs, CancellationToken ct)
    {
        string name = Digest.Parse(digest).ToString();
        bool known = await db.ReleasesOf(scope).AnyAsync(r => r.EnvelopeDigest == name, ct) || await db.UpdatersOf(scope).AnyAsync(u => u.EnvelopeDigest == name, ct)
            || await db.TrustListsOf(scope).AnyAsync(t => t.EnvelopeDigest == name, ct);
        return FileOf(known, name, blobs, "application/json");
    }

    private static async Task<IResult> Updater(string digest, Scope scope, HostupDb db, BlobStore blobs, OwnPacks packs, CancellationToken ct)
    {
        string name = Digest.Parse(digest).ToString();
        bool known = await db.UpdatersOf(scope).AnyAsync(u => u.Digest == name, ct) || await packs.HasAsync(scope.Organisation, Digest.Parse(digest), ct);
        return FileOf(known, name, blobs, "application/octet-stream");
    }

    private static IResult FileOf(bool known, string digest, BlobStore blobs, string type) => known && blobs.Find(Digest.Parse(digest)) is { } path
        ? Results.File(path, type, enableRangeProcessing: true, entityTag: new($"\"{digest}\""))
        : throw new HostupException(HostupErrors.NotFound, $"cannot find {digest}", "no release or updater has it", "poll for the current target");
}
