using Hostup.Core.Errors;
using Hostup.Server.Access;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Health;

/// <summary>Whether the process lives, and whether it can do its work.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => Results.Text("ok")).For(CallerKind.Anyone).WithTags("Health").WithSummary("The process answers");
        routes.MapGet("/readyz", Ready).For(CallerKind.Anyone).WithTags("Health").WithSummary("Database and blobs can be written");
    }

    private static async Task<IResult> Ready(HostupDb db, BlobStore blobs, TimeProvider time, CancellationToken ct)
    {
        try
        {
            string now = time.GetUtcNow().ToString("O");
            if (await db.Settings.Where(s => s.Name == "ready-at").ExecuteUpdateAsync(s => s.SetProperty(r => r.Value, now), ct) == 0)
            {
                db.Settings.Add(new SettingRow { Name = "ready-at", Value = now });
                await db.SaveChangesAsync(ct);
            }
            blobs.Probe();
            return Results.Text("ok");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Data.Common.DbException or DbUpdateException)
        {
            throw new HostupException(HostupErrors.ServerBusy, "cannot do the server's work", e.Message, "look at disk space and rights of the data directory", e);
        }
    }
}
