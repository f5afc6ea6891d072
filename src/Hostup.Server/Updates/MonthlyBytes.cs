using System.Globalization;
using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Database;
using Hostup.Server.Devices;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>What the updates of a device cost, by month and cause, as the device's own reports say.</summary>
internal static class MonthlyBytes
{
    public static void MapMonthlyBytes(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/v1/devices/{device}/bytes", Show).WithTags("Updates").For(CallerKind.Operator).May(Act.Read).WithSummary("What the device's updates cost, by month and cause, newest month first");

    private static async Task<Page<MonthBytes>> Show(string device, HostupDb db, Scope scope, CancellationToken ct)
    {
        string uuid = (await db.FindDeviceAsync(scope, device, ct)).Uuid;
        var attempts = await db.AttemptsOf(scope).AsNoTracking().Where(a => a.DeviceUuid == uuid && a.ReportSerial >= 0).Select(a => new { a.EndedAt, a.ChangedAt, a.Report }).ToListAsync(ct);
        var told = attempts.Select(a => (At: a.EndedAt ?? a.ChangedAt, Report: JsonSerializer.Deserialize(a.Report, WireJson.Default.AttemptReport))).Where(a => a.Report is { Bytes.Count: > 0 });
        return new([.. told.GroupBy(a => a.At.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture)).OrderByDescending(m => m.Key, StringComparer.Ordinal).Select(m => Of(m.Key, [.. m.Select(a => a.Report!)]))], null);
    }

    private static MonthBytes Of(string month, List<AttemptReport> reports)
    {
        var causes = reports.SelectMany(r => r.Bytes).GroupBy(b => b.Cause).Select(c => new CauseBytes(c.Key, c.Sum(b => b.Received), c.Sum(b => b.Sent)))
            .OrderByDescending(c => c.Received).ThenBy(c => c.Cause, StringComparer.Ordinal).ToList();
        return new MonthBytes(month, reports.Count, causes.Where(IsOfUpdate).Sum(c => c.Received), causes.Where(IsOfUpdate).Sum(c => c.Sent), causes);
    }

    // the applications' traffic is the device's own, and what nobody explains may be
    private static bool IsOfUpdate(CauseBytes bytes) => bytes.Cause is not ("application" or "unexplained");
}
