using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Organisations;

namespace Hostup.Server.Garbage;

/// <summary>Blobs that nothing refers to, of all organisations: for who runs the server.</summary>
internal static class GarbageEndpoints
{
    public static void MapGarbage(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/garbage").WithTags("Server").For(CallerKind.Operator);
        group.MapGet("/", Look).May(Act.ManageServer).WithSummary("What a collection of blobs that nothing refers to would delete now; only with a key of the first organisation");
        group.MapPost("/collect", Collect).May(Act.ManageServer).Audited("garbage.collect").WithSummary("Deletes it now; only with a key of the first organisation");
    }

    private static Task<GarbageReport> Look(GarbageCollector collector, Scope scope, CancellationToken ct)
    {
        scope.RequireFirst("cannot tell what is garbage");
        return collector.LookAsync(ct);
    }

    private static async Task<GarbageReport> Collect(GarbageCollector collector, Scope scope, AuditLog audit, CancellationToken ct)
    {
        scope.RequireFirst("cannot collect garbage");
        var report = await collector.CollectAsync(ct);
        await audit.AddAsync("blobs", $"{report.DeletedBlobs} deleted, {report.DeletedBytes} bytes", ct);
        return report;
    }
}
