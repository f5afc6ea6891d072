using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Devices;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Updates as an operator starts, follows and cancels them.</summary>
internal static class UpdateEndpoints
{
    /// <summary>Longest wait for a change; below the 100 s after which HTTP clients and proxies give up.</summary>
    private const int MaxWaitSeconds = 60;

    /// <summary>A waiter looks again this often without a hint, for changes that another node made.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    public static void MapUpdates(this IEndpointRouteBuilder routes)
    {
        var devices = routes.MapGroup("/api/v1/devices/{device}/updates").WithTags("Updates").For(CallerKind.Operator);
        devices.MapPost("/", Start).May(Act.Update).Audited("update.start").WithSummary("Makes an attempt, which becomes the device's target").Produces<AttemptView>(StatusCodes.Status201Created);
        devices.MapPost("/estimate", Estimate).May(Act.Update).Audited("update.estimate").WithSummary("What an update would cost; nothing is changed");
        devices.MapGet("/", List).May(Act.Read).WithSummary("Attempts of a device, newest first");
        routes.MapGroup("/api/v1/devices/{device}/revert").WithTags("Updates").For(CallerKind.Operator)
            .MapPost("/", Revert).May(Act.Update).Audited("update.revert").WithSummary("Makes an attempt that takes the device back to the OS in its spare slot").Produces<AttemptView>(StatusCodes.Status201Created);
        var attempts = routes.MapGroup("/api/v1/attempts/{id}").WithTags("Updates").For(CallerKind.Operator);
        attempts.MapGet("/", Show).May(Act.Read).WithSummary("One attempt; with waitSerial it answers when the attempt's serial is above that");
        attempts.MapGet("/findings", ShowFindings).May(Act.Read).WithSummary("The attempt with what is found out about it: sentence, step, cause, what to do, log, device and release");
        attempts.MapGet("/bundle", Bundle).May(Act.Read).Produces<byte[]>(contentType: "application/gzip").WithSummary("The same with log, plan and manifest, as a gzipped tar");
        attempts.MapPost("/cancel", Cancel).May(Act.Update).Audited("update.cancel").WithSummary("Asks for the end of an attempt");
        attempts.MapPost("/override-locks", OverrideLocks).May(Act.Update).Audited("update.override-locks").WithSummary("Lets an attempt pass over update locks that applications hold");
        attempts.MapGet("/log", ReadLog).May(Act.Read).Produces<string>(contentType: "text/plain").WithSummary("The log from byte offset on");
        attempts.MapGet("/plan", Plan).May(Act.Read).Produces<byte[]>(contentType: "application/octet-stream").WithSummary("The plan as the device made it");
    }

    public static HostupException NoAttempt(string id) =>
        new(HostupErrors.NotFound, $"cannot find attempt {id}", "there is none of that id", "see `hostup update list DEVICE`");

    private static async Task<IResult> Start(string device, UpdateRequest request, Caller caller, HostupDb db, UpdateStart start, Estimates estimates, CancellationToken ct)
    {
        var attempt = await start.StartAsync(await db.FindDeviceAsync(caller.Scope, device, ct), request, caller, ct);
        return Results.Created($"/api/v1/attempts/{attempt.Id}", attempt.ToView([]) with { Estimate = await estimates.OfAsync(attempt, ct) });
    }

    private static async Task<IResult> Revert(string device, RevertRequest request, HostupDb db, Scope scope, UpdateStart start, CancellationToken ct)
    {
        var attempt = await start.RevertAsync(await db.FindDeviceAsync(scope, device, ct), request, ct);
        return Results.Created($"/api/v1/attempts/{attempt.Id}", attempt.ToView([]));
    }

    private static async Task<UpdateEstimate> Estimate(string device, UpdateRequest request, HostupDb db, Scope scope, UpdateEstimates estimates, CancellationToken ct) =>
        await estimates.OfAsync(await db.FindDeviceAsync(scope, device, ct), request, ct);

    private static async Task<Page<AttemptView>> List(string device, HostupDb db, Scope scope, string? after, int? limit, CancellationToken ct)
    {
        string uuid = (await db.FindDeviceAsync(scope, device, ct)).Uuid;
        int count = Paging.Count(limit);
        // ids sort by time of making
        var rows = await db.AttemptsOf(scope).AsNoTracking().Where(a => a.DeviceUuid == uuid && (after == null || string.Compare(a.Id, after) < 0)).OrderByDescending(a => a.Id).Take(count + 1).ToListAsync(ct);
        return Paging.Page(rows, count, a => a.Id, a => a.ToView([]));
    }

    private static async Task<AttemptView> Show(string id, HostupDb db, Scope scope, AttemptNews news, Silences silences, Estimates estimates, TimeProvider time, long? waitSerial, int? seconds, CancellationToken ct)
    {
        var until = time.GetUtcNow().AddSeconds(Math.Clamp(seconds ?? 30, 0, MaxWaitSeconds));
        while (true)
        {
            var change = news.NextAsync(id);
            var row = await FindAsync(db, scope, id, ct);
            var left = until - time.GetUtcNow();
            if (waitSerial is null || row.Serial > waitSerial || row.EndedAt is not null || left <= TimeSpan.Zero)
                return await WholeAsync(row, db, silences, estimates, ct);
            await Task.WhenAny(change, Task.Delay(left < LookAgain ? left : LookAgain, time, ct));
            ct.ThrowIfCancellationRequested();
        }
    }

    private static async Task<AttemptView> WholeAsync(AttemptRow row, HostupDb db, Silences silences, Estimates estimates, CancellationToken ct)
    {
        var events = await db.AttemptEvents.AsNoTracking().Where(e => e.AttemptId == row.Id).OrderBy(e => e.Id).ToListAsync(ct);
        var seen = await db.Devices.Where(d => d.Uuid == row.DeviceUuid).Select(d => d.LastSeenAt).SingleAsync(ct);
        return row.ToView(events) with { Silence = await silences.OfAsync(row, seen, ct), Estimate = await estimates.OfAsync(row, ct) };
    }

    private static async Task<AttemptView> ShowFindings(string id, HostupDb db, Scope scope, Findings findings, CancellationToken ct) => await findings.OfAsync(await FindAsync(db, scope, id, ct), ct);

    private static async Task<IResult> Bundle(string id, HostupDb db, Scope scope, Findings findings, CancellationToken ct) =>
        Results.Bytes(await findings.BundleAsync(await FindAsync(db, scope, id, ct), ct), "application/gzip", Findings.NameOf(id) + ".tar.gz");

    private static async Task<AttemptRow> FindAsync(HostupDb db, Scope scope, string id, CancellationToken ct) =>
        await db.AttemptsOf(scope).AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, ct) ?? throw NoAttempt(id);

    private static async Task<IResult> Cancel(string id, HostupDb db, Scope scope, UpdateStart start, CancellationToken ct)
    {
        await start.CancelAsync(scope, id, ct);
        return await NowAsync(id, db, scope, ct);
    }

    private static async Task<IResult> OverrideLocks(string id, HostupDb db, Scope scope, UpdateStart start, CancellationToken ct)
    {
        await start.OverrideLocksAsync(scope, id, ct);
        return await NowAsync(id, db, scope, ct);
    }

    private static async Task<IResult> NowAsync(string id, HostupDb db, Scope scope, CancellationToken ct) =>
        Results.Ok((await db.AttemptsOf(scope).AsNoTracking().SingleAsync(a => a.Id == id, ct)).ToView([]));

    private static async Task<IResult> ReadLog(string id, HostupDb db, Scope scope, AttemptLogs logs, long? offset, CancellationToken ct)
    {
        if (!await db.AttemptsOf(scope).AnyAsync(a => a.Id == id, ct))
            throw NoAttempt(id);
        return Results.Bytes(await logs.ReadAsync(id, offset ?? 0, ct), "text/plain; charset=utf-8");
    }

    private static async Task<IResult> Plan(string id, HostupDb db, Scope scope, CancellationToken ct)
    {
        var plan = await db.AttemptsOf(scope).Where(a => a.Id == id).Join(db.AttemptPlans, a => a.Id, p => p.AttemptId, (_, p) => p).AsNoTracking().SingleOrDefaultAsync(ct);
        return plan is not null
            ? Results.Bytes(plan.Content, "application/octet-stream")
            : throw new HostupException(HostupErrors.NotFound, $"cannot find the plan of attempt {id}", "the device has sent none", "wait until the device has begun");
    }
}
