namespace Hostup.Core.Trust;

/// <summary>What a key may sign.</summary>
public enum TrustRole
{
    /// <summary>Release manifests.</summary>
    Release,

    /// <summary>Device programs that are transferred for an update.</summary>
    Updater,

    /// <summary>The trust list itself.</summary>
    Root,
}
