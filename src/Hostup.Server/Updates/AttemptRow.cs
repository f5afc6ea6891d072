using System.Text.Json;
using Hostup.Core.Wire;

namespace Hostup.Server.Updates;

internal sealed class AttemptRow
{
    public required string Id { get; set; }

    /// <summary>That of its device.</summary>
    public required string OrganisationId { get; set; }

    public required string DeviceUuid { get; set; }

    /// <summary>Null: it takes the device back to the OS in its spare slot, and names none.</summary>
    public string? ReleaseId { get; set; }

    public string? UpdaterDigest { get; set; }
    public required string Version { get; set; }
    public required string FromVersion { get; set; }
    public bool Reinstall { get; set; }

    /// <summary>JSON array of texts.</summary>
    public required string FallbackRegistries { get; set; }

    /// <summary>JSON of what is said of the policy for it; null: nothing.</summary>
    public string? Policy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>No poll names it before; null: the next one does.</summary>
    public DateTimeOffset? NotBefore { get; set; }

    /// <summary>When a poll first named it; until then the device cannot know of it.</summary>
    public DateTimeOffset? DeliveredAt { get; set; }

    public DateTimeOffset ChangedAt { get; set; }

    /// <summary>Set once, with a terminal state; nothing changes after it.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    public bool CancelAsked { get; set; }

    /// <summary>Update locks of applications are to be passed over.</summary>
    public bool OverrideLocks { get; set; }

    /// <summary>When the device last spoke of it; null: not yet.</summary>
    public DateTimeOffset? ReportedAt { get; set; }

    /// <summary>Grows with every change, for those who wait for one.</summary>
    public long Serial { get; set; }

    /// <summary>Serial of the last report taken; -1: none yet.</summary>
    public long ReportSerial { get; set; }

    /// <summary>Copy of the field of <see cref="Report"/>, for conditions and lists.</summary>
    public required string State { get; set; }

    /// <summary>JSON of the last report.</summary>
    public required string Report { get; set; }

    public long LogBytes { get; set; }

    /// <summary>Where it leads, in words.</summary>
    public string Destination() => ReleaseId is null ? "the OS in its spare slot" : Version;

    /// <summary>An attempt that nobody has heard of yet.</summary>
    public static AttemptRow New(string organisationId, string deviceUuid, string version, string fromVersion, DateTimeOffset now) => new()
    {
        Id = Ids.New(),
        OrganisationId = organisationId,
        DeviceUuid = deviceUuid,
        Version = version,
        FromVersion = fromVersion,
        FallbackRegistries = "[]",
        CreatedAt = now,
        ChangedAt = now,
        Serial = 1,
        ReportSerial = -1,
        State = AttemptStates.Queued,
        Report = JsonSerializer.Serialize(new AttemptReport { Serial = -1, State = AttemptStates.Queued }, WireJson.Default.AttemptReport),
    };
}

/// <summary>A change of state; rows are only added.</summary>
internal sealed class AttemptEventRow
{
    public long Id { get; set; }
    public required string AttemptId { get; set; }
    public DateTimeOffset At { get; set; }
    public required string State { get; set; }
    public string? Message { get; set; }
}

/// <summary>A part of the log, in the order of its offset and without gaps.</summary>
internal sealed class AttemptLogPartRow
{
    public required string AttemptId { get; set; }
    public long OffsetBytes { get; set; }
    public required byte[] Content { get; set; }
}

/// <summary>The device's plan of the attempt, opaque to the server.</summary>
internal sealed class AttemptPlanRow
{
    public required string AttemptId { get; set; }
    public required byte[] Content { get; set; }
}
