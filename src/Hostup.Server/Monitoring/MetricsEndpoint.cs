using Hostup.Server.Access;
using Hostup.Server.Organisations;

namespace Hostup.Server.Monitoring;

/// <summary>GET /metrics: the numbers of the whole server, for who runs it.</summary>
internal static class MetricsEndpoint
{
    /// <summary>Prometheus' text format.</summary>
    private const string Format = "text/plain; version=0.0.4; charset=utf-8";

    public static void MapNumbers(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/metrics", Show).For(CallerKind.Operator).May(Act.WatchServer).ExcludeFromDescription();

    private static async Task<IResult> Show(ServerMetrics metrics, Scope scope, CancellationToken ct)
    {
        scope.RequireFirst("cannot show the server's numbers");
        return Results.Bytes(await metrics.WriteAsync(ct), Format);
    }
}
