namespace Hostup.Core.Errors;

/// <summary>What may be done about an error. The kind alone decides retry, refusal or rollback.</summary>
public enum HostupErrorKind
{
    /// <summary>A later try may work: a link is down, a server is busy.</summary>
    Transient,

    /// <summary>The request must not be carried out; nothing was touched.</summary>
    Refused,

    /// <summary>It was tried and it is bad.</summary>
    Failed,

    /// <summary>The caller's words cannot be understood; nothing was touched.</summary>
    Usage,
}
