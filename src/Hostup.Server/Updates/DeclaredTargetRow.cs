namespace Hostup.Server.Updates;

/// <summary>What a device is to run.</summary>
internal sealed class DeclaredTargetRow
{
    public required string DeviceUuid { get; set; }
    public required string ReleaseId { get; set; }
    public required string Version { get; set; }

    /// <summary>Name of the key or of the user that declared it.</summary>
    public required string Who { get; set; }

    public DateTimeOffset At { get; set; }

    /// <summary>For people; empty: not said.</summary>
    public required string Why { get; set; }
}
