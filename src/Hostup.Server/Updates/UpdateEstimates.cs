using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Devices;
using Hostup.Server.Releases;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Says what an update would cost, as far as the server can know: the device's own plan knows more.</summary>
internal sealed class UpdateEstimates(HostupDb db, UpdateStart start, BlobStore blobs)
{
    // the step that receives the image, and the causes of its bytes
    private const string WriteSlot = "write-slot";
    private static readonly string[] ImageCauses = ["delta", "literal", "registry", "fallback", "retried"];

    /// <summary>The estimate of an update that could be started.</summary>
    /// <exception cref="Core.Errors.HostupException">What would refuse to start it: <c>not-found</c>, <c>device-type</c>, <c>invalidated</c>, <c>cloned</c>, <c>conflict</c>.</exception>
    public async Task<UpdateEstimate> OfAsync(DeviceRow device, UpdateRequest request, CancellationToken ct)
    {
        UpdateStart.RequireReachable(device);
        var release = await start.ReleaseAsync(device, request.Release, ct);
        var updater = await start.UpdaterAsync(device, request.Updater, ct);
        var state = device.State is { } text ? JsonSerializer.Deserialize(text, WireJson.Default.DeviceStateReport) : null;
        string? tree = state?.Slots.FirstOrDefault(s => s.Slot == state.RunningSlot)?.TreeDigest?.ToString();
        var delta = await db.Deltas.AsNoTracking().SingleOrDefaultAsync(d => d.FromTree == tree && d.ToReleaseId == release.Id, ct);
        return new UpdateEstimate
        {
            DeviceUuid = device.Uuid,
            DeviceName = device.Name,
            FromVersion = device.OsVersion,
            ReleaseId = release.Id,
            Version = release.Version,
            ImageBytes = release.DownloadBytes,
            DeltaState = delta?.State,
            DeltaBytes = delta is { State: DeltaStates.Ready } ? delta.Bytes : null,
            UpdaterVersion = updater?.Version ?? "",
            UpdaterBytes = updater?.Size ?? 0,
            SupervisorBytes = await SupervisorAsync(release, state, ct),
            BytesPerSecond = await RateAsync(device.Uuid, ct),
            Replaces = device.TargetAttemptId,
        };
    }

    private async Task<long> SupervisorAsync(ReleaseRow release, DeviceStateReport? state, CancellationToken ct)
    {
        if (blobs.Find(Digest.Parse(release.EnvelopeDigest)) is not { } path)
            return 0; // a database without its blobs
        var supervisor = ReleaseManifest.Read(Envelope.Parse(await File.ReadAllBytesAsync(path, ct)).UnverifiedPayload.Span).Supervisor;
        return supervisor is null || supervisor.Version == state?.SupervisorVersion ? 0 : supervisor.DownloadBytes ?? 0;
    }

    /// <summary>As the last attempt of the device that wrote its slot had it; pauses are in it.</summary>
    private async Task<long?> RateAsync(string uuid, CancellationToken ct)
    {
        const int looksBack = 5;
        var last = await db.Attempts.AsNoTracking().Where(a => a.DeviceUuid == uuid && a.EndedAt != null).OrderByDescending(a => a.Id).Take(looksBack).ToListAsync(ct);
        return last.Select(a => RateOf(a.ReadReport())).FirstOrDefault(r => r is not null);
    }

    private static long? RateOf(AttemptReport report)
    {
        double seconds = report.Steps.Where(s => s is { Name: WriteSlot, State: "done" }).Sum(s => s.Seconds);
        long bytes = report.Bytes.Where(b => ImageCauses.Contains(b.Cause)).Sum(b => b.Received);
        return seconds >= 1 && bytes > 0 ? (long)(bytes / seconds) : null;
    }
}
