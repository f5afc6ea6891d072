using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Organisations;

/// <summary>Organisations: who runs the server makes them, each with its first key, and sees nothing of what is in them from then on.</summary>
internal static class OrganisationEndpoints
{
    public static void MapOrganisations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/organisations").For(CallerKind.Operator).WithTags("Organisations");
        group.MapPost("/", Create).May(Act.ManageOrganisations).Audited("organisation.new").WithSummary("Makes an organisation and its first operator key, which is shown once; only with a key of the first organisation");
        group.MapGet("/", List).May(Act.Read).WithSummary("The organisation of the key; all of them for administrators of the first one");
    }

    private static async Task<OrganisationAnswer> Create(OrganisationRequest request, HostupDb db, Keys keys, Caller caller, AuditLog audit, TimeProvider time, CancellationToken ct)
    {
        caller.Scope.RequireFirst("cannot make an organisation");
        // its first key does not end
        caller.EndOf(null);
        string name = OwnerName.Check(request.Name, "organisation");
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await db.Organisations.AnyAsync(o => o.Name == name, ct))
            throw new HostupException(HostupErrors.Conflict, $"cannot make organisation {name}", "there is one of that name", "choose another name");
        var row = new OrganisationRow { Id = Ids.New(), Name = name, CreatedAt = time.GetUtcNow() };
        db.Organisations.Add(row);
        await db.SaveChangesAsync(ct);
        var (_, key) = await keys.CreateAsync(new Scope(row.Id, null), Role.Administrator, "made with the organisation", null, ct);
        await audit.AddAsync($"organisation {row.Id}", row.Name, ct);
        await transaction.CommitAsync(ct);
        return new OrganisationAnswer(row.Id, row.Name, key);
    }

    private static async Task<Page<OrganisationView>> List(HostupDb db, Caller caller, CancellationToken ct)
    {
        var scope = caller.Scope;
        bool all = scope.Organisation == OrganisationRow.First && caller.May(Act.ManageOrganisations);
        var rows = await db.Organisations.AsNoTracking().Where(o => all || o.Id == scope.Organisation).OrderBy(o => o.Name).ToListAsync(ct);
        return new([.. rows.Select(o => new OrganisationView(o.Id, o.Name, o.CreatedAt, o.Id == scope.Organisation))], null);
    }
}
