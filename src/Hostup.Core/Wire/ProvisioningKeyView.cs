namespace Hostup.Core.Wire;

/// <summary>POST /api/v1/provisioning-keys.</summary>
/// <param name="Description">What the key is for, free text.</param>
/// <param name="ExpiresAt">When it stops working; null: in 30 days.</param>
public sealed record ProvisioningKeyRequest(string? Description, DateTimeOffset? ExpiresAt)
{
    /// <summary>That it never stops working, when no time is given.</summary>
    public bool NeverExpires { get; init; }

    /// <summary>Name or id of the fleet that devices register into; null: that of the key that asks, or none.</summary>
    public string? Fleet { get; init; }
}

/// <summary>Answer to <see cref="ProvisioningKeyRequest"/>. The key is shown once and stored hashed.</summary>
/// <param name="Id">Names the key in lists and logs.</param>
/// <param name="Key">The key.</param>
/// <param name="ExpiresAt">When it stops working; null: never.</param>
public sealed record ProvisioningKeyAnswer(string Id, string Key, DateTimeOffset? ExpiresAt);

/// <summary>A provisioning key, without the key.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Description">What it is for.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it stops working; null: never.</param>
public sealed record ProvisioningKeyView(string Id, string Description, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt)
{
    /// <summary>Name of the fleet that devices register into; null: none.</summary>
    public string? Fleet { get; init; }

    /// <summary>When it was last used, to within a minute; null: never.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}
