namespace Hostup.Server.Devices;

/// <summary>A boot of a machine that used the key of a device.</summary>
internal sealed class DeviceBootRow
{
    public required string DeviceUuid { get; set; }

    /// <summary>The kernel's own random name of the boot: no machine ever has it twice.</summary>
    public required string BootId { get; set; }

    /// <summary>Serial number and network address of the machine, as it says; empty when it says nothing.</summary>
    public required string Machine { get; set; }

    public required string Address { get; set; }
    public DateTimeOffset FirstSeenAt { get; set; }
    public DateTimeOffset LastSeenAt { get; set; }

    /// <summary>How often this boot spoke again after another one had spoken.</summary>
    public int Returns { get; set; }
}

/// <summary>Something that happened to the identity of a device; rows are only added.</summary>
internal sealed class DeviceEventRow
{
    public long Id { get; set; }
    public required string DeviceUuid { get; set; }
    public DateTimeOffset At { get; set; }
    public required string Kind { get; set; }
    public required string Message { get; set; }
}
