using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Releases;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Deltas;

/// <summary>Deltas as an operator sees them and asks for them.</summary>
internal static class DeltaEndpoints
{
    /// <summary>Longest wait for a change; below the 100 s after which HTTP clients and proxies give up.</summary>
    private const int MaxWaitSeconds = 60;

    /// <summary>A waiter looks again this often without a hint, for changes that another node made.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    public static void MapDeltas(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/deltas").WithTags("Deltas").For(CallerKind.Operator);
        group.MapPost("/", Ask).May(Act.RequestDelta).Audited("delta.request").WithSummary("Asks for the delta between two releases; it goes before what devices ask for");
        group.MapGet("/", List).May(Act.Read).WithSummary("Deltas, those asked for last first");
        group.MapGet("/{id}", Show).May(Act.Read).WithSummary("One delta; with waitSerial it answers when the delta's serial is above that");
    }

    private static async Task<DeltaView> Ask(DeltaRequest request, HostupDb db, Scope scope, DeltaJobs jobs, DeltaNews news, AuditLog audit, CancellationToken ct)
    {
        var (from, to) = await PairAsync(db, scope, request, ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var delta = await jobs.AskAsync(from, to, urgent: true, ct);
        await audit.AddAsync($"delta {delta.Id}", $"{from.Version} to {to.Version} for {to.DeviceType}", ct);
        await transaction.CommitAsync(ct);
        // those who looked before the commit saw nothing
        news.Tell(DeltaNews.Queue);
        news.Tell(delta.Id);
        return (await ViewsAsync(db, [delta], ct))[0];
    }

    private static async Task<Page<DeltaView>> List(HostupDb db, Scope scope, string? after, int? limit, CancellationToken ct)
    {
        int count = Paging.Count(limit);
        // ids sort by time of making
        var rows = await db.DeltasOf(scope).AsNoTracking().Where(d => after == null || string.Compare(d.Id, after) < 0).OrderByDescending(d => d.Id).Take(count + 1).ToListAsync(ct);
        var views = (await ViewsAsync(db, rows, ct)).ToDictionary(v => v.Id);
        return Paging.Page(rows, count, d => d.Id, d => views[d.Id]);
    }

    private static async Task<DeltaView> Show(string id, HostupDb db, Scope scope, DeltaNews news, TimeProvider time, long? waitSerial, int? seconds, CancellationToken ct)
    {
        var until = time.GetUtcNow().AddSeconds(Math.Clamp(seconds ?? 30, 0, MaxWaitSeconds));
        if (!await db.DeltasOf(scope).AnyAsync(d => d.Id == id, ct))
            throw new HostupException(HostupErrors.NotFound, $"cannot find delta {id}", "there is none of that id", "see `hostup delta list`");
        while (true)
        {
            var change = news.NextAsync(id);
            var row = await db.DeltasOf(scope).AsNoTracking().SingleAsync(d => d.Id == id, ct);
            var left = until - time.GetUtcNow();
            if (waitSerial is null || row.Serial > waitSerial || left <= TimeSpan.Zero)
                return (await ViewsAsync(db, [row], ct))[0];
            await Task.WhenAny(change, Task.Delay(left < LookAgain ? left : LookAgain, time, ct));
            ct.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The releases that an operator names: of one device type, of several of one version those with the highest sequence.</summary>
    private static async Task<(ReleaseRow From, ReleaseRow To)> PairAsync(HostupDb db, Scope scope, DeltaRequest request, CancellationToken ct)
    {
        var (old, target) = (await NamedAsync(db, scope, request.From, ct), await NamedAsync(db, scope, request.To, ct));
        string what = $"cannot build a delta from {request.From} to {request.To}";
        string[] types = [.. old.Select(r => r.DeviceType).Intersect(target.Select(r => r.DeviceType))];
        if (types is not [var type])
            throw types.Length > 1
                ? new HostupException(HostupErrors.Conflict, what, $"there are releases of these versions for {string.Join(", ", types)}", "give the ids of the releases")
                : new HostupException(HostupErrors.DeviceType, what, $"they are for {string.Join(", ", old.Concat(target).Select(r => r.DeviceType).Distinct())}", "name two releases of one device type");
        var (from, to) = (old.First(r => r.DeviceType == type), target.Find(r => r.DeviceType == type && r.InvalidatedAt is null));
        if (to is null)
            throw new HostupException(HostupErrors.Invalidated, what, $"{request.To} was invalidated: {target.First(r => r.DeviceType == type).InvalidatedReason}", "choose another release");
        if (from.TreeDigest is null || from.TreeDigest == to.TreeDigest)
            throw new HostupException(HostupErrors.BadValue, what, from.TreeDigest is null ? $"the signed manifest of {request.From} cannot be read" : "both have the same tree", "choose other releases");
        return (from, to);
    }

    private static async Task<List<ReleaseRow>> NamedAsync(HostupDb db, Scope scope, string name, CancellationToken ct)
    {
        var found = await db.ReleasesOf(scope).AsNoTracking().Where(r => r.Id == name || r.Version == name).OrderByDescending(r => r.Sequence).ToListAsync(ct);
        return found.Count > 0 ? found : throw new HostupException(HostupErrors.NotFound, $"cannot find release '{name}'", "no release has this version or id", "see `hostup release list`");
    }

    private static async Task<List<DeltaView>> ViewsAsync(HostupDb db, List<DeltaRow> rows, CancellationToken ct)
    {
        var ids = rows.SelectMany(r => (string[])[r.FromReleaseId, r.ToReleaseId]).Distinct().ToList();
        var releases = await db.Releases.AsNoTracking().Where(r => ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, ct);
        return [.. rows.Select(r => ToView(r, releases[r.FromReleaseId], releases[r.ToReleaseId]))];
    }

    private static DeltaView ToView(DeltaRow row, ReleaseRow from, ReleaseRow to) => new()
    {
        Id = row.Id,
        From = from.Version,
        FromTree = Digest.Parse(row.FromTree),
        To = to.Version,
        ToRelease = to.Id,
        DeviceType = to.DeviceType,
        State = row.State,
        Progress = row.Progress,
        Bytes = row.Bytes,
        FullBytes = to.DownloadBytes,
        Frames = row.Frames,
        Artifact = row.ArtifactDigest is { } artifact ? Digest.Parse(artifact) : null,
        Tries = row.Tries,
        Worker = row.LeaseOwner,
        ErrorCode = row.ErrorCode,
        Error = row.Error,
        CreatedAt = row.CreatedAt,
        ChangedAt = row.ChangedAt,
        StartedAt = row.StartedAt,
        EndedAt = row.EndedAt,
        Serial = row.Serial,
    };
}
