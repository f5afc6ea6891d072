namespace Hostup.Core.Rules;

/// <summary>Targets that are not to be installed: an invalidated release, or one that a kind of hardware does not bear.</summary>
public sealed record BlockedUpdate
{
    /// <summary>Slug, with a star at its end for any rest; null: every device type.</summary>
    public string? DeviceType { get; init; }

    /// <summary>Name of the board as the device tree names it; null: every board.</summary>
    public string? Board { get; init; }

    /// <summary>Targets that it is about.</summary>
    public VersionBounds Target { get; init => field = value ?? new(); } = new();

    /// <summary>Why, for the operator.</summary>
    public required string Reason { get; init; }
}
