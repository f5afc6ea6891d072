using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Devices;

namespace Hostup.Server.Policies;

/// <summary>How and when devices carry out updates, as an operator says it. A PUT takes the place of all that was said before.</summary>
internal static class PolicyEndpoints
{
    public static void MapPolicies(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1").WithTags("Policies").For(CallerKind.Operator);
        group.MapGet("/policy", (Policies policies, Scope scope, CancellationToken ct) => policies.ForAllAsync(scope.Organisation, ct)).May(Act.Read).WithSummary("What is said of the policy for all devices");
        group.MapPut("/policy", SetForAll).May(Act.SetPolicy).Audited("policy.set").WithSummary("Says it for all devices");
        group.MapPut("/devices/{device}/policy", SetForDevice).May(Act.ChangeDevice).Audited("device.set-policy").WithSummary("Says it for one device");
        group.MapPut("/attempts/{id}/policy", SetForAttempt).May(Act.Update).Audited("update.set-policy").WithSummary("Says it for one attempt that has not ended");
    }

    private static async Task<PolicySettings> SetForAll(PolicySettings settings, Policies policies, Scope scope, CancellationToken ct)
    {
        await policies.SetForAllAsync(scope.Organisation, settings, ct);
        return settings;
    }

    private static async Task<PolicySettings> SetForDevice(string device, PolicySettings settings, Policies policies, HostupDb db, Scope scope, CancellationToken ct)
    {
        await policies.SetForDeviceAsync((await db.FindDeviceAsync(scope, device, ct)).Uuid, settings, ct);
        return settings;
    }

    private static async Task<PolicySettings> SetForAttempt(string id, PolicySettings settings, Policies policies, Scope scope, CancellationToken ct)
    {
        await policies.SetForAttemptAsync(scope, id, settings, ct);
        return settings;
    }
}
