using System.Text.Json.Serialization;

namespace Hostup.Core.Wire;

/// <summary>POST /api/v1/devices/{device}/updates/estimate: what an update of a device would cost, before it is started. Nothing is changed.</summary>
public sealed record UpdateEstimate
{
    /// <summary>The device.</summary>
    public required string DeviceUuid { get; init; }

    /// <summary>Its name.</summary>
    public required string DeviceName { get; init; }

    /// <summary>Version that runs; empty when unknown.</summary>
    public string FromVersion { get; init => field = value ?? ""; } = "";

    /// <summary>The release.</summary>
    public required string ReleaseId { get; init; }

    /// <summary>Its version.</summary>
    public required string Version { get; init; }

    /// <summary>Bytes of the whole image as it travels.</summary>
    public required long ImageBytes { get; init; }

    /// <summary>State of the delta from what the device runs; null: there is none.</summary>
    public string? DeltaState { get; init; }

    /// <summary>Bytes of that delta; null: it is not ready.</summary>
    public long? DeltaBytes { get; init; }

    /// <summary>Version of the updater that goes along; empty: none.</summary>
    public string UpdaterVersion { get; init => field = value ?? ""; } = "";

    /// <summary>Its bytes, packed where that is ready; a device that has a program near to it receives less. Zero: the device runs it.</summary>
    public long UpdaterBytes { get; init; }

    /// <summary>Bytes of the supervisor's image; an engine that holds a part of it receives less. Zero: none, or the device runs that supervisor.</summary>
    public long SupervisorBytes { get; init; }

    /// <summary>Bytes a second that the last update of the device received; null: none was measured.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>The open attempt whose place it would take; null: none.</summary>
    public string? Replaces { get; init; }

    /// <summary>Bytes that are received at most, unless a delta that is counted on turns out to be of no use.</summary>
    [JsonIgnore]
    public long MostBytes => (DeltaBytes ?? ImageBytes) + UpdaterBytes + SupervisorBytes;

    /// <summary>How long that takes; null: unknown.</summary>
    [JsonIgnore]
    public TimeSpan? Time => BytesPerSecond is > 0 and var rate ? TimeSpan.FromSeconds((double)MostBytes / rate) : null;
}
