namespace Hostup.Server.Access;

/// <summary>What somebody is in an organisation. <see cref="Roles"/> says what that lets them do.</summary>
internal enum Role
{
    /// <summary>Sees everything but keys and the audit log.</summary>
    Observer,

    /// <summary>Updates devices and lets them in.</summary>
    Operator,

    /// <summary>Publishes releases too.</summary>
    Developer,

    /// <summary>Everything.</summary>
    Administrator,
}
