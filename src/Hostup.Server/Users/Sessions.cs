using Hostup.Server.Access;
using Hostup.Server.Database;
using Hostup.Server.Organisations;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Users;

/// <summary>Who is signed in.</summary>
internal sealed class Sessions(HostupDb db, TimeProvider time)
{
    private const string Prefix = "hks_";

    /// <summary>A session that nobody used for so long has ended.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromHours(12);

    /// <summary>No session lasts longer.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>A use is written down only this often.</summary>
    private static readonly TimeSpan UseGrain = TimeSpan.FromMinutes(1);

    /// <summary>The user of that name who may sign in; null: there is none.</summary>
    public Task<UserRow?> FindUserAsync(string? organisationId, string? name, CancellationToken ct) =>
        db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.OrganisationId == organisationId && u.Name == name && u.EndedAt == null, ct);

    /// <summary>Id of an organisation; null: there is none of that name.</summary>
    /// <param name="name">Its name; null: the first one.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<string?> FindOrganisationAsync(string? name, CancellationToken ct) =>
        name is null ? OrganisationRow.First : await db.Organisations.Where(o => o.Name == name).Select(o => o.Id).SingleOrDefaultAsync(ct);

    /// <summary>Begins a session; the caller saves, in the transaction in which this was asked.</summary>
    /// <param name="user">The user, as the password was compared.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The key for the cookie, which is nowhere else; null: the user has ended or has another password meanwhile, and with it every session has.</returns>
    public async Task<string?> BeginAsync(UserRow user, CancellationToken ct)
    {
        if (!await db.Users.AnyAsync(u => u.Id == user.Id && u.PasswordHash == user.PasswordHash && u.EndedAt == null, ct))
            return null;
        string key = Key.Create(Prefix);
        var now = time.GetUtcNow();
        db.Sessions.Add(new SessionRow { KeyHash = Key.Hash(key), UserId = user.Id, CreatedAt = now, LastUsedAt = now });
        return key;
    }

    /// <summary>Who is signed in with a cookie; null: nobody any more.</summary>
    public async Task<Caller?> IdentifyAsync(string key, CancellationToken ct)
    {
        string hash = Key.Hash(key);
        var now = time.GetUtcNow();
        var (idle, oldest) = (now - Idle, now - Longest);
        var found = await (from session in db.Sessions
                           join user in db.Users on session.UserId equals user.Id
                           where session.KeyHash == hash && session.LastUsedAt > idle && session.CreatedAt > oldest && user.EndedAt == null
                           select new { User = user, session.LastUsedAt }).AsNoTracking().SingleOrDefaultAsync(ct);
        if (found is null)
            return null;
        if (now - found.LastUsedAt >= UseGrain)
            await db.Sessions.Where(s => s.KeyHash == hash).ExecuteUpdateAsync(s => s.SetProperty(r => r.LastUsedAt, now), ct);
        return CallerOf(found.User, hash);
    }

    /// <summary>Ends one session.</summary>
    public Task EndAsync(string hash, CancellationToken ct) => db.Sessions.Where(s => s.KeyHash == hash).ExecuteDeleteAsync(ct);

    /// <summary>Ends every session of a user.</summary>
    public Task EndAllAsync(string userId, CancellationToken ct) => db.Sessions.Where(s => s.UserId == userId).ExecuteDeleteAsync(ct);

    /// <summary>A user as a caller, in one session.</summary>
    public static Caller CallerOf(UserRow user, string session) =>
        new(CallerKind.Operator, user.Id, new Scope(user.OrganisationId, user.FleetId)) { Role = Roles.Parse(user.Role), Session = session };
}
