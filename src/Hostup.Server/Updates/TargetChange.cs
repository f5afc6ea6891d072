using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Devices;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Declares what a device is to run, or that nothing is, with what becomes of its attempts: all of it, or nothing.</summary>
internal sealed class TargetChange(HostupDb db, UpdateStart start, DeclaredTargets targets, AttemptNews news, AuditLog audit)
{
    /// <summary>Declares a release; makes an attempt unless the device runs it or is on its way.</summary>
    /// <exception cref="Core.Errors.HostupException">What refuses to start an update.</exception>
    public async Task DeclareAsync(DeviceRow device, TargetRequest request, Caller by, CancellationToken ct)
    {
        UpdateStart.RequireReachable(device);
        var release = await start.ReleaseAsync(device, request.Release, ct);
        string why = request.Why ?? "";
        var open = await OpenAsync(device, ct);
        bool underWay = open.Exists(a => a.Id == device.TargetAttemptId && a.ReleaseId == release.Id && !a.CancelAsked);
        // what is past the point of no return is not stopped: the device comes back by another attempt
        bool stays = !underWay && Runs(device, release.ImageDigest) && !open.Exists(a => a.State is AttemptStates.Rebooting or AttemptStates.Trial);
        if (underWay || stays)
            await ChangeAsync(device, stays ? open : [], () => targets.DeclareAsync(device.Uuid, release, by, why, ct), $"to {release.Version}, no new attempt", ct);
        else
            await start.StartAsync(device, new UpdateRequest { Release = release.Id, Why = why }, by, ct);
    }

    /// <summary>Nothing is declared, and what is on its way is cancelled.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>conflict</c> when an attempt is past the point of no return.</exception>
    public async Task ClearAsync(DeviceRow device, CancellationToken ct) =>
        await ChangeAsync(device, await OpenAsync(device, ct), () => targets.ForgetAsync(device.Uuid, ct), null, ct);

    private async Task ChangeAsync(DeviceRow device, List<AttemptRow> cancelled, Func<Task> declare, string? detail, CancellationToken ct)
    {
        cancelled.RemoveAll(a => a.CancelAsked);
        await using (var transaction = await db.Database.BeginTransactionAsync(ct))
        {
            foreach (var attempt in cancelled)
                await start.CancelWithinAsync(attempt, ct);
            // after the cancels, which forget what is declared
            await declare();
            await audit.AddAsync($"device {device.Uuid}", string.Join("; ", [.. detail is null ? (string[])[] : [detail], .. cancelled.Select(a => $"attempt {a.Id} cancelled")]), ct);
            await transaction.CommitAsync(ct);
        }
        cancelled.ForEach(a => news.Tell(a.Id));
    }

    /// <summary>The attempts of a device that have not ended, the oldest first: one that another takes the place of goes on until the device knows of that.</summary>
    private Task<List<AttemptRow>> OpenAsync(DeviceRow device, CancellationToken ct) =>
        db.Attempts.AsNoTracking().Where(a => a.DeviceUuid == device.Uuid && a.EndedAt == null).OrderBy(a => a.Id).ToListAsync(ct);

    /// <summary>Whether the device runs this image, as it last said.</summary>
    private static bool Runs(DeviceRow device, string image) =>
        device.State is { } text && JsonSerializer.Deserialize(text, WireJson.Default.DeviceStateReport) is { } state
        && state.Slots.FirstOrDefault(s => s.Slot == state.RunningSlot)?.ImageDigest?.ToString() == image;
}
