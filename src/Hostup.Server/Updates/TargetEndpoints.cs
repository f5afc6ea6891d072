using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Devices;

namespace Hostup.Server.Updates;

/// <summary>What devices are to run, as an operator declares it. A device that is offline hears of it when it polls again.</summary>
internal static class TargetEndpoints
{
    public static void MapTargets(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/devices/{device}/target").WithTags("Updates").For(CallerKind.Operator);
        group.MapGet("/", Show).May(Act.Read).WithSummary("What the device is to run: by whom, when and why");
        group.MapPut("/", Declare).May(Act.Update).Audited("target.set").WithSummary("Declares what the device is to run; makes an attempt unless it runs it or is on its way");
        group.MapDelete("/", Clear).May(Act.Update).Audited("target.clear").WithSummary("Sets it back: nothing is declared, and every attempt that is on its way is cancelled");
    }

    private static async Task<DeclaredTarget> Show(string device, HostupDb db, Scope scope, DeclaredTargets targets, CancellationToken ct)
    {
        var row = await db.FindDeviceAsync(scope, device, ct);
        return await targets.OfAsync(row.Uuid, ct)
            ?? throw new HostupException(HostupErrors.NotFound, $"cannot tell the target of device {row.Name}", "none is declared: it stays at what it runs", "declare one with `hostup target set`");
    }

    private static async Task<DeclaredTarget> Declare(string device, TargetRequest request, Caller caller, HostupDb db, TargetChange change, DeclaredTargets targets, CancellationToken ct)
    {
        var row = await db.FindDeviceAsync(caller.Scope, device, ct);
        await change.DeclareAsync(row, request, caller, ct);
        return (await targets.OfAsync(row.Uuid, ct))!;
    }

    private static async Task<IResult> Clear(string device, HostupDb db, Scope scope, TargetChange change, CancellationToken ct)
    {
        await change.ClearAsync(await db.FindDeviceAsync(scope, device, ct), ct);
        return Results.Ok();
    }
}
