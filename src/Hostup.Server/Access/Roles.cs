using Hostup.Core.Errors;

namespace Hostup.Server.Access;

/// <summary>Who may do what: the one table of it.</summary>
internal static class Roles
{
    private static readonly IReadOnlyList<Role> Everybody = [Role.Administrator, Role.Developer, Role.Operator, Role.Observer];
    private static readonly IReadOnlyList<Role> Operating = [Role.Administrator, Role.Developer, Role.Operator];
    private static readonly IReadOnlyList<Role> Developing = [Role.Administrator, Role.Developer];
    private static readonly IReadOnlyList<Role> Administering = [Role.Administrator];

    private static readonly Dictionary<Act, IReadOnlyList<Role>> Table = new()
    {
        [Act.Read] = Everybody,
        [Act.Update] = Operating,
        [Act.ChangeDevice] = Operating,
        [Act.Provision] = Operating,
        [Act.MakeKey] = Operating,
        [Act.SetPolicy] = Operating,
        [Act.RequestDelta] = Operating,
        [Act.ManageFleets] = Operating,
        [Act.Publish] = Developing,
        [Act.ManageKeys] = Administering,
        [Act.ManageUsers] = Administering,
        [Act.ChangeTrust] = Administering,
        [Act.ReadAudit] = Administering,
        [Act.ManageOrganisations] = Administering,
        [Act.WatchServer] = Everybody,
        [Act.ManageServer] = Administering,
    };

    /// <summary>Acts that concern devices of all fleets: a key of one fleet does none of them.</summary>
    private static readonly HashSet<Act> Wide = [Act.SetPolicy, Act.RequestDelta, Act.ManageFleets, Act.Publish, Act.ChangeTrust, Act.ReadAudit, Act.ManageOrganisations, Act.WatchServer, Act.ManageServer];

    public static bool May(Role role, Act act) => Table[act].Contains(role);

    /// <summary>Whether an act concerns the whole organisation.</summary>
    public static bool IsWide(Act act) => Wide.Contains(act);

    /// <summary>Those who may do it.</summary>
    public static IReadOnlyList<Role> Of(Act act) => Table[act];

    /// <summary>Whether one role may do nothing that the other may not.</summary>
    public static bool IsWithin(Role role, Role other) => Table.Keys.All(act => !May(role, act) || May(other, act));

    /// <summary>As the API and the database have it.</summary>
    public static string NameOf(Role role) => role switch
    {
        Role.Administrator => "administrator",
        Role.Developer => "developer",
        Role.Operator => "operator",
        _ => "observer",
    };

    /// <exception cref="HostupException"><c>bad-value</c>.</exception>
    public static Role Parse(string name)
    {
        foreach (var role in Everybody)
        {
            if (NameOf(role) == name)
                return role;
        }
        throw new HostupException(HostupErrors.BadValue, $"cannot read role '{name}'", $"the roles are {string.Join(", ", Everybody.Select(NameOf))}", "choose one of them");
    }
}
