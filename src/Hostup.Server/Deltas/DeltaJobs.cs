using System.Linq.Expressions;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Hostup.Server.Releases;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;

namespace Hostup.Server.Deltas;

/// <summary>
/// Deltas that are to be built, as the database has them: one for each pair, whoever asks how often. A worker takes one with a lease; every word of its owner is one
/// conditional write, so that one whose lease another worker took changes nothing.
/// </summary>
internal sealed class DeltaJobs(HostupDb db, DeltaNews news, TimeProvider time)
{
    /// <summary>What fell three times falls the fourth time too.</summary>
    public const int MaxTries = 3;

    /// <summary>How long a worker that says nothing is believed to live.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    /// <summary>The delta from a tree to a release; null: nobody has asked for it.</summary>
    public Task<DeltaRow?> FindAsync(string fromTree, string toReleaseId, CancellationToken ct) =>
        db.Deltas.AsNoTracking().SingleOrDefaultAsync(d => d.FromTree == fromTree && d.ToReleaseId == toReleaseId, ct);

    /// <summary>The delta between two releases; it is queued when nobody has asked for it before.</summary>
    /// <param name="from">A release whose tree is known.</param>
    /// <param name="to">Where it leads.</param>
    /// <param name="urgent">An operator asks: it goes before the others, and what failed or was not worth it is built again.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<DeltaRow> AskAsync(ReleaseRow from, ReleaseRow to, bool urgent, CancellationToken ct)
    {
        string tree = from.TreeDigest ?? throw new InvalidOperationException($"bug: a delta from release {from.Id}, whose tree is not known");
        if (await FindAsync(tree, to.Id, ct) is { } known)
            return urgent ? await HastenAsync(known, ct) : known;
        var now = time.GetUtcNow();
        var row = new DeltaRow { Id = Ids.New(), OrganisationId = to.OrganisationId, FromTree = tree, FromReleaseId = from.Id, ToReleaseId = to.Id, State = DeltaStates.Queued, Urgent = urgent, CreatedAt = now, ChangedAt = now, Serial = 1 };
        db.Deltas.Add(row);
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException)
        {
            // somebody else asked in the same moment, and the index let one of us in
            db.Entry(row).State = EntityState.Detached;
            if (await FindAsync(tree, to.Id, ct) is { } theirs)
                return theirs;
            throw;
        }
        db.Entry(row).State = EntityState.Detached;
        news.Tell(DeltaNews.Queue);
        return row;
    }

    /// <summary>Queues it again as if it was asked for now: what came of it is not there any more, or is not believed.</summary>
    public async Task<DeltaRow> AgainAsync(DeltaRow row, bool urgent, CancellationToken ct)
    {
        await ChangeAsync(d => d.Id == row.Id && d.Serial == row.Serial, row.Id, s => s
            .SetProperty(d => d.State, DeltaStates.Queued).SetProperty(d => d.Urgent, urgent).SetProperty(d => d.Tries, 0).SetProperty(d => d.Progress, 0.0)
            .SetProperty(d => d.Bytes, (long?)null).SetProperty(d => d.Frames, (int?)null).SetProperty(d => d.BlobDigest, (string?)null).SetProperty(d => d.ArtifactDigest, (string?)null)
            .SetProperty(d => d.EndedAt, (DateTimeOffset?)null), ct);
        news.Tell(DeltaNews.Queue);
        return await ReadAsync(row.Id, ct);
    }

    /// <summary>Takes the next delta to build: one that is queued, or one whose worker has not said within its lease that it lives.</summary>
    /// <param name="owner">Names this try; no other ever has the name.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null: there is nothing to build.</returns>
    public async Task<DeltaRow?> TakeAsync(string owner, CancellationToken ct)
    {
        while (true)
        {
            var now = time.GetUtcNow();
            await GiveUpAsync(now, ct);
            var free = Free(now);
            string? id = await db.Deltas.Where(free).OrderByDescending(d => d.Urgent).ThenBy(d => d.ChangedAt).ThenBy(d => d.Id).Select(d => d.Id).FirstOrDefaultAsync(ct);
            if (id is null)
                return null;
            var until = now + Lease;
            bool taken = await ChangeAsync(db.Deltas.Where(d => d.Id == id).Where(free), id, s => s
                .SetProperty(d => d.State, DeltaStates.Building).SetProperty(d => d.LeaseOwner, owner).SetProperty(d => d.LeaseUntil, until)
                .SetProperty(d => d.Tries, d => d.Tries + 1).SetProperty(d => d.Progress, 0.0).SetProperty(d => d.StartedAt, now), ct);
            if (taken)
                return await ReadAsync(id, ct);
        }
    }

    /// <summary>The owner lives.</summary>
    /// <returns>False: the delta is not its own any more, and what it does is in vain.</returns>
    public Task<bool> RenewAsync(string id, string owner, double progress, CancellationToken ct)
    {
        var until = time.GetUtcNow() + Lease;
        return ChangeAsync(Own(id, owner), id, s => s.SetProperty(d => d.LeaseUntil, until).SetProperty(d => d.Progress, progress), ct);
    }

    /// <summary>It is built, proved and in the registry.</summary>
    /// <returns>False: the delta is not the owner's any more.</returns>
    public Task<bool> ReadyAsync(string id, string owner, string blob, string artifact, long bytes, int frames, CancellationToken ct) =>
        SettleAsync(id, owner, DeltaStates.Ready, s => s.SetProperty(d => d.BlobDigest, blob).SetProperty(d => d.ArtifactDigest, artifact).SetProperty(d => d.Bytes, bytes).SetProperty(d => d.Frames, frames), ct);

    /// <summary>It is built, and too large to be offered.</summary>
    /// <returns>False: the delta is not the owner's any more.</returns>
    public Task<bool> NotWorthAsync(string id, string owner, long bytes, int frames, CancellationToken ct) =>
        SettleAsync(id, owner, DeltaStates.NotWorth, s => s.SetProperty(d => d.Bytes, bytes).SetProperty(d => d.Frames, frames), ct);

    /// <summary>A try has failed. It is queued again when another one may do better and is left.</summary>
    /// <returns>False: the delta is not the owner's any more.</returns>
    public async Task<bool> FailAsync(DeltaRow taken, string owner, HostupException e, bool mayHelp, CancellationToken ct)
    {
        bool again = mayHelp && taken.Tries < MaxTries;
        string code = e.Code.Id, error = e.Message;
        bool failed = again
            ? await ChangeAsync(Own(taken.Id, owner), taken.Id, s => Freed(s).SetProperty(d => d.State, DeltaStates.Queued).SetProperty(d => d.ErrorCode, code).SetProperty(d => d.Error, error), ct)
            : await SettleAsync(taken.Id, owner, DeltaStates.Failed, s => s.SetProperty(d => d.ErrorCode, code).SetProperty(d => d.Error, error), ct);
        news.Tell(DeltaNews.Queue);
        return failed;
    }

    /// <summary>The owner ends before its time, through no fault of the delta: the try does not count.</summary>
    /// <returns>False: the delta is not the owner's any more.</returns>
    public Task<bool> GiveBackAsync(string id, string owner, CancellationToken ct) =>
        ChangeAsync(Own(id, owner), id, s => Freed(s).SetProperty(d => d.State, DeltaStates.Queued).SetProperty(d => d.Progress, 0.0).SetProperty(d => d.Tries, d => d.Tries - 1), ct);

    private Task<DeltaRow> ReadAsync(string id, CancellationToken ct) => db.Deltas.AsNoTracking().SingleAsync(d => d.Id == id, ct);

    private async Task<DeltaRow> HastenAsync(DeltaRow row, CancellationToken ct)
    {
        if (row.State is DeltaStates.Failed or DeltaStates.NotWorth)
            return await AgainAsync(row, urgent: true, ct);
        if (await ChangeAsync(d => d.Id == row.Id && d.State == DeltaStates.Queued && !d.Urgent, row.Id, s => s.SetProperty(d => d.Urgent, true), ct))
            news.Tell(DeltaNews.Queue);
        return await ReadAsync(row.Id, ct);
    }

    /// <summary>Those whose worker went without a word for the last time.</summary>
    private async Task GiveUpAsync(DateTimeOffset now, CancellationToken ct)
    {
        const string error = "cannot build the delta: the worker ended without a word three times; look at the server's log and memory, then ask again with `hostup delta request`";
        string code = HostupErrors.Program.Id;
        var lost = await db.Deltas.AsNoTracking().Where(d => d.State == DeltaStates.Building && d.LeaseUntil < now && d.Tries >= MaxTries).Select(d => new { d.Id, d.LeaseOwner }).ToListAsync(ct);
        foreach (var delta in lost)
            await SettleAsync(delta.Id, delta.LeaseOwner ?? "", DeltaStates.Failed, s => s.SetProperty(d => d.ErrorCode, code).SetProperty(d => d.Error, error), ct);
    }

    private static Expression<Func<DeltaRow, bool>> Free(DateTimeOffset now) =>
        d => d.State == DeltaStates.Queued || (d.State == DeltaStates.Building && d.LeaseUntil < now && d.Tries < MaxTries);

    private static Expression<Func<DeltaRow, bool>> Own(string id, string owner) => d => d.Id == id && d.State == DeltaStates.Building && d.LeaseOwner == owner;

    private static UpdateSettersBuilder<DeltaRow> Freed(UpdateSettersBuilder<DeltaRow> set) =>
        set.SetProperty(d => d.LeaseOwner, (string?)null).SetProperty(d => d.LeaseUntil, (DateTimeOffset?)null);

    private Task<bool> SettleAsync(string id, string owner, string state, Action<UpdateSettersBuilder<DeltaRow>> how, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        return ChangeAsync(Own(id, owner), id, s =>
        {
            Freed(s).SetProperty(d => d.State, state).SetProperty(d => d.EndedAt, now);
            if (state != DeltaStates.Failed)
                s.SetProperty(d => d.Progress, 1.0).SetProperty(d => d.ErrorCode, (string?)null).SetProperty(d => d.Error, (string?)null);
            how(s);
        }, ct);
    }

    private Task<bool> ChangeAsync(Expression<Func<DeltaRow, bool>> which, string id, Action<UpdateSettersBuilder<DeltaRow>> how, CancellationToken ct) => ChangeAsync(db.Deltas.Where(which), id, how, ct);

    private async Task<bool> ChangeAsync(IQueryable<DeltaRow> which, string id, Action<UpdateSettersBuilder<DeltaRow>> how, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        int changed = await which.ExecuteUpdateAsync(s =>
        {
            how(s);
            s.SetProperty(d => d.ChangedAt, now).SetProperty(d => d.Serial, d => d.Serial + 1);
        }, ct);
        if (changed > 0)
            news.Tell(id);
        return changed > 0;
    }
}
