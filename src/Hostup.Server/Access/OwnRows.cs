using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Deltas;
using Hostup.Server.Devices;
using Hostup.Server.Organisations;
using Hostup.Server.Releases;
using Hostup.Server.TrustLists;
using Hostup.Server.Updaters;
using Hostup.Server.Updates;
using Hostup.Server.Users;

namespace Hostup.Server.Access;

/// <summary>What belongs to a caller, as the beginning of a query. What an operator asks for begins here and nowhere else.</summary>
internal static class OwnRows
{
    public static IQueryable<DeviceRow> DevicesOf(this HostupDb db, Scope scope) =>
        db.Devices.Where(d => d.OrganisationId == scope.Organisation && (scope.Fleet == null || d.FleetId == scope.Fleet));

    public static IQueryable<AttemptRow> AttemptsOf(this HostupDb db, Scope scope) =>
        db.Attempts.Where(a => a.OrganisationId == scope.Organisation && (scope.Fleet == null || db.Devices.Any(d => d.Uuid == a.DeviceUuid && d.FleetId == scope.Fleet)));

    public static IQueryable<ReleaseRow> ReleasesOf(this HostupDb db, Scope scope) => db.Releases.Where(r => r.OrganisationId == scope.Organisation);

    public static IQueryable<DeltaRow> DeltasOf(this HostupDb db, Scope scope) => db.Deltas.Where(d => d.OrganisationId == scope.Organisation);

    public static IQueryable<UpdaterRow> UpdatersOf(this HostupDb db, Scope scope) => db.Updaters.Where(u => u.OrganisationId == scope.Organisation);

    public static IQueryable<TrustListRow> TrustListsOf(this HostupDb db, Scope scope) => db.TrustLists.Where(t => t.OrganisationId == scope.Organisation);

    /// <summary>Keys that may do no more than the caller sees.</summary>
    public static IQueryable<ApiKeyRow> KeysOf(this HostupDb db, Scope scope) =>
        db.ApiKeys.Where(k => k.OrganisationId == scope.Organisation && (scope.Fleet == null || k.FleetId == scope.Fleet));

    /// <summary>Users who see no more than the caller.</summary>
    public static IQueryable<UserRow> UsersOf(this HostupDb db, Scope scope) =>
        db.Users.Where(u => u.OrganisationId == scope.Organisation && (scope.Fleet == null || u.FleetId == scope.Fleet));

    public static IQueryable<AuditRow> AuditOf(this HostupDb db, Scope scope) => db.Audit.Where(a => a.OrganisationId == scope.Organisation);

    public static IQueryable<FleetRow> FleetsOf(this HostupDb db, Scope scope) =>
        db.Fleets.Where(f => f.OrganisationId == scope.Organisation && (scope.Fleet == null || f.Id == scope.Fleet));
}
