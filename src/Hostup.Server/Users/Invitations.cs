using Hostup.Core.Errors;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Users;

/// <summary>Links with which users choose their passwords: good once, and for some days. Nobody is given a password.</summary>
internal sealed class Invitations(HostupDb db, Passwords passwords, Sessions sessions, AuditLog audit, TimeProvider time)
{
    /// <summary>Where the link leads, below the server's address.</summary>
    public const string Path = "/invitation";

    private const string Prefix = "hki_";
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3);

    /// <summary>Makes a link for a user; the one before it is worthless. The caller saves.</summary>
    /// <returns>The token, which is nowhere else, and when it ends.</returns>
    public (string Token, DateTimeOffset Until) Make(UserRow user)
    {
        string token = Key.Create(Prefix);
        var until = time.GetUtcNow() + Lifetime;
        (user.InvitationHash, user.InvitationUntil) = (Key.Hash(token), until);
        return (token, until);
    }

    /// <summary>Keeps the password that a user chose. The link is worthless then, and every session of the user has ended.</summary>
    /// <exception cref="HostupException"><c>not-found</c> when the link was used, has ended or never was; <c>bad-value</c>.</exception>
    public async Task<UserRow> AcceptAsync(string? token, string? password, HttpContext context, CancellationToken ct)
    {
        string hash = Key.Hash(token ?? "");
        var now = time.GetUtcNow();
        var user = await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.InvitationHash == hash && u.InvitationUntil > now && u.EndedAt == null, ct) ?? throw Worthless();
        string chosen = passwords.Hash(password);
        audit.Begin(user.OrganisationId, user.Id, "user.set-password", context);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        // somebody else may have used it in the same moment
        if (await db.Users.Where(u => u.Id == user.Id && u.InvitationHash == hash).ExecuteUpdateAsync(
            s => s.SetProperty(u => u.PasswordHash, chosen).SetProperty(u => u.InvitationHash, (string?)null).SetProperty(u => u.InvitationUntil, (DateTimeOffset?)null), ct) == 0)
            throw Worthless();
        await sessions.EndAllAsync(user.Id, ct);
        await audit.AddAsync($"user {user.Id}", user.Name, ct);
        await transaction.CommitAsync(ct);
        return user;
    }

    private static HostupException Worthless() =>
        new(HostupErrors.NotFound, "cannot use the link", "it was used, has ended, or never was one", "ask an administrator for another one: `hostup user invite`");
}
