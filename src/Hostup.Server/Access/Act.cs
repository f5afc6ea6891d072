namespace Hostup.Server.Access;

/// <summary>What operators do, as far as it makes a difference who does it. Each of their endpoints names one.</summary>
internal enum Act
{
    /// <summary>See devices, attempts, releases, deltas, policies, lists of trusted keys.</summary>
    Read,

    /// <summary>Start, change and cancel updates of devices.</summary>
    Update,

    /// <summary>Change or end the keys of devices, and what is said of the policy for one.</summary>
    ChangeDevice,

    /// <summary>Make, see and end keys with which devices register.</summary>
    Provision,

    /// <summary>Make keys that may do no more than one's own.</summary>
    MakeKey,

    /// <summary>See and end keys of others.</summary>
    ManageKeys,

    /// <summary>Make, see and end users.</summary>
    ManageUsers,

    /// <summary>Say the policy for all devices.</summary>
    SetPolicy,

    /// <summary>Have a delta built.</summary>
    RequestDelta,

    /// <summary>Make and remove fleets, and move devices between them.</summary>
    ManageFleets,

    /// <summary>Push images, publish and invalidate releases, publish updaters.</summary>
    Publish,

    /// <summary>Publish lists of trusted keys.</summary>
    ChangeTrust,

    /// <summary>Read the audit log.</summary>
    ReadAudit,

    /// <summary>Make organisations; only in the first one.</summary>
    ManageOrganisations,

    /// <summary>See the numbers of the whole server; only in the first organisation.</summary>
    WatchServer,

    /// <summary>See and collect what nothing on the server refers to; only in the first organisation.</summary>
    ManageServer,
}
