using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Database;
using Hostup.Server.Devices;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>What devices are to run, as an operator declares it. A device that is offline hears of it when it polls again.</summary>
internal static class TargetEndpoints
{
    public static void MapTargets(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/devices/{device}/target").WithTags("Updates").For(CallerKind.Operator);
        group.MapGet("/", Show).WithSummary("What the device is to run: by whom, when and why");
        group.MapPut("/", Declare).WithSummary("Declares what the device is to run; makes an attempt unless it runs it or is on its way");
        group.MapDelete("/", Clear).WithSummary("Sets it back: nothing is declared, and an attempt that is on its way is cancelled");
    }

    private static async Task<DeclaredTarget> Show(string device, HostupDb db, DeclaredTargets targets, CancellationToken ct)
    {
        var row = await db.FindDeviceAsync(device, ct);
        return await targets.OfAsync(row.Uuid, ct)
            ?? throw new HostupException(HostupErrors.NotFound, $"cannot tell the target of device {row.Name}", "none is declared: it stays at what it runs", "declare one with `hostup target set`");
    }

    private static async Task<DeclaredTarget> Declare(string device, TargetRequest request, Caller caller, HostupDb db, UpdateStart start, DeclaredTargets targets, CancellationToken ct)
    {
        var row = await db.FindDeviceAsync(device, ct);
        UpdateStart.RequireReachable(row);
        var release = await start.ReleaseAsync(row, request.Release, ct);
        var open = await OpenAsync(db, row, ct);
        bool underWay = open.Exists(a => a.Id == row.TargetAttemptId && a.ReleaseId == release.Id && !a.CancelAsked);
        // what is past the point of no return is not stopped: the device comes back by another attempt
        bool stays = !underWay && Runs(row, release.ImageDigest) && !open.Exists(a => a.State is AttemptStates.Rebooting or AttemptStates.Trial);
        if (underWay || stays)
            await targets.DeclareAsync(row.Uuid, release, caller, request.Why ?? "", ct);
        else
            await start.StartAsync(row, new UpdateRequest { Release = release.Id, Why = request.Why ?? "" }, caller, ct);
        if (stays)
            await CancelAsync(open, start, ct);
        return (await targets.OfAsync(row.Uuid, ct))!;
    }

    private static async Task<IResult> Clear(string device, HostupDb db, UpdateStart start, DeclaredTargets targets, CancellationToken ct)
    {
        var row = await db.FindDeviceAsync(device, ct);
        await CancelAsync(await OpenAsync(db, row, ct), start, ct);
        await targets.ForgetAsync(row.Uuid, ct);
        return Results.Ok();
    }

    /// <summary>The attempts of a device that have not ended, the oldest first: one that another takes the place of goes on until the device knows of that.</summary>
    private static Task<List<AttemptRow>> OpenAsync(HostupDb db, DeviceRow row, CancellationToken ct) =>
        db.Attempts.AsNoTracking().Where(a => a.DeviceUuid == row.Uuid && a.EndedAt == null).OrderBy(a => a.Id).ToListAsync(ct);

    private static async Task CancelAsync(List<AttemptRow> open, UpdateStart start, CancellationToken ct)
    {
        foreach (var attempt in open.Where(a => !a.CancelAsked))
            await start.CancelAsync(attempt.Id, ct);
    }

    /// <summary>Whether the device runs this image, as it last said.</summary>
    private static bool Runs(DeviceRow row, string image) =>
        row.State is { } text && JsonSerializer.Deserialize(text, WireJson.Default.DeviceStateReport) is { } state
        && state.Slots.FirstOrDefault(s => s.Slot == state.RunningSlot)?.ImageDigest?.ToString() == image;
}
