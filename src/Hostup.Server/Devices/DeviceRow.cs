namespace Hostup.Server.Devices;

internal sealed class DeviceRow
{
    public required string Uuid { get; set; }
    public required string Name { get; set; }
    public required string DeviceType { get; set; }
    public required string KeyHash { get; set; }
    public DateTimeOffset RegisteredAt { get; set; }
    public DateTimeOffset? LastSeenAt { get; set; }

    /// <summary>Copy of the field of <see cref="State"/>, for lists; empty when it is not known.</summary>
    public string OsVersion { get; set; } = "";

    /// <summary>As <see cref="OsVersion"/>.</summary>
    public string Platform { get; set; } = "";

    /// <summary>JSON of the last state report.</summary>
    public string? State { get; set; }

    /// <summary>The attempt that the device is to carry out; null: stay.</summary>
    public string? TargetAttemptId { get; set; }
}
