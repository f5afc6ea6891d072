namespace Hostup.Core.Rules;

/// <summary>One way of updating: which versions it leads from and to.</summary>
public sealed record UpdatePath
{
    /// <summary>Its name, for example <c>1.x to 2.x</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Which running versions it is about: only the first number counts, both ends included. A path is chosen by these two ranges.</summary>
    public required MajorRange SourceMajor { get; init; }

    /// <summary>The same of the target.</summary>
    public required MajorRange TargetMajor { get; init; }

    /// <summary>Running versions that it serves.</summary>
    public VersionBounds Source { get; init => field = value ?? new(); } = new();

    /// <summary>Targets that it serves.</summary>
    public VersionBounds Target { get; init => field = value ?? new(); } = new();
}
