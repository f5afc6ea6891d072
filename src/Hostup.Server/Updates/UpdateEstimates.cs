using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Hostup.Server.Devices;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Says what an update would cost, as far as the server can know: the device's own plan knows more.</summary>
internal sealed class UpdateEstimates(HostupDb db, UpdateStart start, Estimates estimates)
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
        string? delta = await db.Deltas.Where(d => d.FromTree == tree && d.ToReleaseId == release.Id).Select(d => d.State).SingleOrDefaultAsync(ct);
        var bytes = (await estimates.OfAsync(release, updater, state, ct)).ToDictionary(b => b.Cause, b => b.Received);
        return new UpdateEstimate
        {
            DeviceUuid = device.Uuid,
            DeviceName = device.Name,
            FromVersion = device.OsVersion,
            ReleaseId = release.Id,
            Version = release.Version,
            ImageBytes = release.DownloadBytes,
            DeltaState = delta,
            DeltaBytes = bytes.GetValueOrDefault(Estimates.Delta),
            UpdaterVersion = updater?.Version ?? "",
            UpdaterBytes = bytes.GetValueOrDefault(Estimates.Updater) ?? 0,
            SupervisorBytes = bytes.GetValueOrDefault(Estimates.Supervisor) ?? 0,
            BytesPerSecond = await RateAsync(device.Uuid, ct),
            Replaces = device.TargetAttemptId,
        };
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
