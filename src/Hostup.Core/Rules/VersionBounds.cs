using Hostup.Core.Versions;

namespace Hostup.Core.Rules;

/// <summary>Which versions are meant.</summary>
/// <param name="AtLeast">The lowest of them; null: no lower bound.</param>
/// <param name="Below">The lowest that is above them; null: no upper bound.</param>
public sealed record VersionBounds(string? AtLeast = null, string? Below = null)
{
    /// <summary>Whether a version is one of them.</summary>
    public bool Contains(OsVersion version) => !IsUnder(version) && !IsOver(version);

    internal bool IsUnder(OsVersion version) => AtLeast is not null && version < OsVersion.Parse(AtLeast);

    internal bool IsOver(OsVersion version) => Below is not null && version >= OsVersion.Parse(Below);

    /// <summary>These bounds where they are given, the other ones where not.</summary>
    internal VersionBounds Or(VersionBounds other) => new(AtLeast ?? other.AtLeast, Below ?? other.Below);
}
