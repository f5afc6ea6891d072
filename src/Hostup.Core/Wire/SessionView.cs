namespace Hostup.Core.Wire;

/// <summary>GET /api/v1/session: who asks.</summary>
public sealed record SessionView
{
    /// <summary>Id of the user or key.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the user, or description of the key.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the organisation.</summary>
    public required string Organisation { get; init; }

    /// <summary>administrator, developer, operator or observer.</summary>
    public required string Role { get; init; }

    /// <summary>Name of the one fleet that they see; null: all devices.</summary>
    public string? Fleet { get; init; }

    /// <summary>What requests with the cookie that change something carry in the header <c>Hostup-Antiforgery</c>; null with a key, which needs none.</summary>
    public string? Antiforgery { get; init; }
}

/// <summary>POST /api/v1/session.</summary>
/// <param name="Name">Name of the user.</param>
/// <param name="Password">The password.</param>
public sealed record SignInRequest(string Name, string Password)
{
    /// <summary>Name of the organisation; null: the first one.</summary>
    public string? Organisation { get; init; }
}
