using Hostup.Core.Errors;
using Hostup.Server.Database;
using Hostup.Server.Organisations;

namespace Hostup.Server.Access;

/// <summary>What a caller may give to a key or a user that they make: never more than they have.</summary>
internal static class Grants
{
    /// <summary>The role that is asked for; without one the caller's own.</summary>
    /// <exception cref="HostupException"><c>forbidden</c> when it is above the caller's; <c>bad-value</c>.</exception>
    public static Role RoleFor(this Caller caller, string? wanted)
    {
        var own = caller.Role ?? throw new InvalidOperationException($"bug: operator {caller.Id} has no role");
        var role = wanted is null ? own : Roles.Parse(wanted);
        return Roles.IsWithin(role, own)
            ? role
            : throw More($"it would have the role {Roles.NameOf(role)}, and who asks has the role {Roles.NameOf(own)}");
    }

    /// <summary>The fleet that is asked for, or the caller's own scope. A fleet that the caller does not see is not found.</summary>
    /// <exception cref="HostupException"><c>not-found</c>.</exception>
    public static async Task<Scope> ScopeForAsync(this HostupDb db, Caller caller, string? fleet, CancellationToken ct) =>
        fleet is null ? caller.Scope : caller.Scope with { Fleet = (await db.FindFleetAsync(caller.Scope, fleet, ct)).Id };

    /// <summary>The end that is asked for, no later than the caller's own.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="wanted">When it is to end; null: never.</param>
    /// <exception cref="HostupException"><c>forbidden</c>.</exception>
    public static DateTimeOffset? EndOf(this Caller caller, DateTimeOffset? wanted) => caller.ExpiresAt is not { } own || wanted <= own
        ? wanted
        : throw More($"it would outlive who asks, whose key ends at {own:yyyy-MM-dd HH:mm} UTC");

    private static HostupException More(string why) =>
        new(HostupErrors.Forbidden, "cannot give more than who asks has", why, "ask for less, or let an administrator do it");
}
