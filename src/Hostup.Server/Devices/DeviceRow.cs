namespace Hostup.Server.Devices;

internal sealed class DeviceRow
{
    public required string Uuid { get; set; }
    public required string OrganisationId { get; set; }

    /// <summary>The fleet that it is in; null: none.</summary>
    public string? FleetId { get; set; }

    public required string Name { get; set; }
    public required string DeviceType { get; set; }
    public required string KeyHash { get; set; }

    /// <summary>Hash of the key that the device was given to use from now on; until it does, <see cref="KeyHash"/> is good.</summary>
    public string? NextKeyHash { get; set; }

    /// <summary>The device is asked to change its key.</summary>
    public bool RotateKey { get; set; }

    public DateTimeOffset RegisteredAt { get; set; }
    public DateTimeOffset? LastSeenAt { get; set; }

    /// <summary>Set: its key is worthless, and it may not register.</summary>
    public DateTimeOffset? RetiredAt { get; set; }

    /// <summary>Set: two machines use its key.</summary>
    public DateTimeOffset? ClonedAt { get; set; }

    /// <summary>The boot that polled last.</summary>
    public string? CurrentBoot { get; set; }

    /// <summary>Copy of the field of <see cref="State"/>, for lists; empty when it is not known.</summary>
    public string OsVersion { get; set; } = "";

    /// <summary>As <see cref="OsVersion"/>.</summary>
    public string Platform { get; set; } = "";

    /// <summary>JSON of the last state report.</summary>
    public string? State { get; set; }

    /// <summary>JSON of what is said of the policy for it; null: nothing.</summary>
    public string? Policy { get; set; }

    /// <summary>The attempt that the device is to carry out; null: stay.</summary>
    public string? TargetAttemptId { get; set; }
}
