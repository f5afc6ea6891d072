using System.Globalization;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Audit;

/// <summary>Who did what, for those who may read it.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/audit").WithTags("Audit").For(CallerKind.Operator);
        group.MapGet("/", List).May(Act.ReadAudit).WithSummary("What was done and refused in the organisation, newest first; of one key, of one act, to one thing");
    }

    private static async Task<Page<AuditEntry>> List(HostupDb db, Scope scope, string? who, string? act, string? subject, long? after, int? limit, CancellationToken ct)
    {
        int count = Paging.Count(limit);
        var rows = await db.AuditOf(scope).AsNoTracking()
            .Where(a => (who == null || a.Who == who) && (act == null || a.Act == act) && (subject == null || a.Subject == subject) && (after == null || a.Id < after))
            .OrderByDescending(a => a.Id).Take(count + 1).ToListAsync(ct);
        var ids = rows.Select(r => r.Who).Distinct().ToList();
        var names = await db.ApiKeys.Where(k => k.OrganisationId == scope.Organisation && ids.Contains(k.Id)).ToDictionaryAsync(k => k.Id, k => k.Description, ct);
        foreach (var user in await db.Users.Where(u => u.OrganisationId == scope.Organisation && ids.Contains(u.Id)).Select(u => new { u.Id, u.Name }).ToListAsync(ct))
            names[user.Id] = user.Name;
        return Paging.Page(rows, count, a => a.Id.ToString(CultureInfo.InvariantCulture),
            a => new AuditEntry(a.Id, a.At, a.Who, names.GetValueOrDefault(a.Who, ""), a.Address, a.Act, a.Subject, a.Outcome, a.Detail));
    }
}
