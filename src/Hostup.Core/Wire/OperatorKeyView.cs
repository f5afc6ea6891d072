namespace Hostup.Core.Wire;

/// <summary>POST /api/v1/operator-keys.</summary>
/// <param name="Description">Whose it is, free text.</param>
public sealed record OperatorKeyRequest(string? Description)
{
    /// <summary>administrator, developer, operator or observer; null: the role of the key that asks.</summary>
    public string? Role { get; init; }

    /// <summary>Name or id of the one fleet that it is for; null: that of the key that asks, or all devices.</summary>
    public string? Fleet { get; init; }

    /// <summary>When it stops working; null: with the key that asks, or never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>Answer to <see cref="OperatorKeyRequest"/>. The key is shown once and stored hashed.</summary>
/// <param name="Id">Names the key in lists and logs.</param>
/// <param name="Key">The key.</param>
public sealed record OperatorKeyAnswer(string Id, string Key)
{
    /// <summary>Its role.</summary>
    public string Role { get; init => field = value ?? ""; } = "";

    /// <summary>When it stops working; null: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>An operator key, without the key.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Description">Whose it is.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="IsOwn">Whether it is the one that asked.</param>
public sealed record OperatorKeyView(string Id, string Description, DateTimeOffset CreatedAt, bool IsOwn)
{
    /// <summary>Its role.</summary>
    public string Role { get; init => field = value ?? ""; } = "";

    /// <summary>Name of the one fleet that it is for; null: all devices.</summary>
    public string? Fleet { get; init; }

    /// <summary>When it stops working; null: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was last used, to within a minute; null: never.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}
