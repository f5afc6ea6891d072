namespace Hostup.Server.Access;

/// <summary>Who may call an endpoint. Each endpoint names one; one that names none answers nobody.</summary>
internal enum CallerKind
{
    /// <summary>Everybody: health and the API document.</summary>
    Anyone,

    /// <summary>An operator or their program.</summary>
    Operator,

    /// <summary>A registered device, for itself only.</summary>
    Device,

    /// <summary>A device that registers.</summary>
    Provisioning,

    /// <summary>A client of the registry; <see cref="Registry.RegistryAccess"/> decides by repository.</summary>
    Registry,
}

/// <summary>Who calls, after the credentials were checked.</summary>
/// <param name="Kind">What the credentials are for.</param>
/// <param name="Id">The device's uuid, the key's id or the user's.</param>
/// <param name="Scope">What the caller may see.</param>
internal sealed record Caller(CallerKind Kind, string Id, Scope Scope)
{
    /// <summary>What an operator is in the organisation; null: no operator.</summary>
    public Role? Role { get; init; }

    /// <summary>When the credentials end; null: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The session of a user whose cookie came with the request; null: a key came.</summary>
    public string? Session { get; init; }

    /// <summary>Whether an operator may do it, somewhere in the scope.</summary>
    public bool May(Act act) => Role is { } role && Roles.May(role, act) && (Scope.Fleet is null || !Roles.IsWide(act));

    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Caller>());
}
