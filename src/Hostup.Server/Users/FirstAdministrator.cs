using Hostup.Server.Access;
using Hostup.Server.Database;
using Hostup.Server.Organisations;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Users;

/// <summary>The first user: made at first start without a password. Who reads the server's log chooses one, once.</summary>
internal static class FirstAdministrator
{
    private const string Name = "administrator";

    /// <summary>Makes it; one that is there gets another link, for those who took all operator keys out of the database.</summary>
    /// <returns>The token of its link.</returns>
    public static async Task<string> MakeAsync(HostupDb db, Invitations invitations, TimeProvider time, CancellationToken ct)
    {
        string role = Roles.NameOf(Role.Administrator);
        var user = await db.Users.SingleOrDefaultAsync(u => u.OrganisationId == OrganisationRow.First && u.Name == Name, ct)
            ?? db.Users.Add(new UserRow { Id = Ids.New(), OrganisationId = OrganisationRow.First, Name = Name, Role = role, CreatedAt = time.GetUtcNow() }).Entity;
        (user.Role, user.FleetId, user.EndedAt) = (role, null, null);
        var (token, _) = invitations.Make(user);
        await db.SaveChangesAsync(ct);
        return token;
    }
}
