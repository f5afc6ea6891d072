using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Deltas;
using Hostup.Server.Devices;
using Hostup.Server.Organisations;
using Hostup.Server.Registry;
using Hostup.Server.Releases;
using Hostup.Server.TrustLists;
using Hostup.Server.Updaters;
using Hostup.Server.Updates;
using Hostup.Server.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Hostup.Server.Database;

/// <summary>The server's database. The schema is the numbered SQL beside it; a test compares the two.</summary>
internal sealed class HostupDb(DbContextOptions<HostupDb> options) : DbContext(options)
{
    public DbSet<SettingRow> Settings => Set<SettingRow>();
    public DbSet<OrganisationRow> Organisations => Set<OrganisationRow>();
    public DbSet<FleetRow> Fleets => Set<FleetRow>();
    public DbSet<ApiKeyRow> ApiKeys => Set<ApiKeyRow>();
    public DbSet<UserRow> Users => Set<UserRow>();
    public DbSet<SessionRow> Sessions => Set<SessionRow>();
    public DbSet<AuditRow> Audit => Set<AuditRow>();
    public DbSet<DeviceRow> Devices => Set<DeviceRow>();
    public DbSet<DeviceBootRow> DeviceBoots => Set<DeviceBootRow>();
    public DbSet<DeviceEventRow> DeviceEvents => Set<DeviceEventRow>();
    public DbSet<TrustListRow> TrustLists => Set<TrustListRow>();
    public DbSet<ReleaseRow> Releases => Set<ReleaseRow>();
    public DbSet<DeltaRow> Deltas => Set<DeltaRow>();
    public DbSet<UpdaterRow> Updaters => Set<UpdaterRow>();
    public DbSet<DeclaredTargetRow> DeclaredTargets => Set<DeclaredTargetRow>();
    public DbSet<AttemptRow> Attempts => Set<AttemptRow>();
    public DbSet<AttemptEventRow> AttemptEvents => Set<AttemptEventRow>();
    public DbSet<AttemptLogPartRow> AttemptLogParts => Set<AttemptLogPartRow>();
    public DbSet<AttemptPlanRow> AttemptPlans => Set<AttemptPlanRow>();
    public DbSet<RepositoryContentRow> RepositoryContents => Set<RepositoryContentRow>();
    public DbSet<RepositoryTagRow> RepositoryTags => Set<RepositoryTagRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        // a number orders and compares the same in every engine
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<SettingRow>(t => t.ToTable("settings").HasKey(r => r.Name));
        MapOwners(modelBuilder);
        MapUsers(modelBuilder);
        MapDevices(modelBuilder);
        modelBuilder.Entity<ReleaseRow>(t =>
        {
            t.ToTable("releases").HasKey(r => r.Id);
            t.HasIndex(r => new { r.OrganisationId, r.EnvelopeDigest }).IsUnique();
            t.HasIndex(r => new { r.OrganisationId, r.DeviceType, r.Version });
            t.HasIndex(r => r.TreeDigest);
        });
        modelBuilder.Entity<DeltaRow>(t =>
        {
            t.ToTable("deltas").HasKey(r => r.Id);
            t.HasIndex(r => new { r.FromTree, r.ToReleaseId }).IsUnique();
            t.HasIndex(r => r.State);
            t.HasIndex(r => new { r.OrganisationId, r.Id });
            t.HasOne<ReleaseRow>().WithMany().HasForeignKey(r => r.FromReleaseId).OnDelete(DeleteBehavior.Restrict);
            t.HasOne<ReleaseRow>().WithMany().HasForeignKey(r => r.ToReleaseId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<UpdaterRow>(t =>
        {
            t.ToTable("updaters").HasKey(r => new { r.OrganisationId, r.Digest });
            t.HasIndex(r => new { r.OrganisationId, r.EnvelopeDigest }).IsUnique();
        });
        MapAttempts(modelBuilder);
        modelBuilder.Entity<RepositoryContentRow>(t => t.ToTable("repository_contents").HasKey(r => new { r.OrganisationId, r.Repository, r.Digest }));
        modelBuilder.Entity<RepositoryTagRow>(t => t.ToTable("repository_tags").HasKey(r => new { r.OrganisationId, r.Repository, r.Tag }));
        UseSnakeCase(modelBuilder);
    }

    private static void MapOwners(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<OrganisationRow>(t =>
        {
            t.ToTable("organisations").HasKey(r => r.Id);
            t.HasIndex(r => r.Name).IsUnique();
        });
        modelBuilder.Entity<FleetRow>(t =>
        {
            t.ToTable("fleets").HasKey(r => r.Id);
            t.HasIndex(r => new { r.OrganisationId, r.Name }).IsUnique();
            t.HasOne<OrganisationRow>().WithMany().HasForeignKey(r => r.OrganisationId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<AuditRow>(t =>
        {
            t.ToTable("audit").HasKey(r => r.Id);
            t.HasIndex(r => new { r.OrganisationId, r.Id });
            t.HasIndex(r => new { r.OrganisationId, r.Subject, r.Id });
        });
        modelBuilder.Entity<ApiKeyRow>(t =>
        {
            t.ToTable("api_keys").HasKey(r => r.Id);
            t.HasIndex(r => r.KeyHash).IsUnique();
        });
    }

    private static void MapUsers(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<UserRow>(t =>
        {
            t.ToTable("users").HasKey(r => r.Id);
            t.HasIndex(r => new { r.OrganisationId, r.Name }).IsUnique();
            t.HasIndex(r => r.InvitationHash).IsUnique();
            t.HasOne<OrganisationRow>().WithMany().HasForeignKey(r => r.OrganisationId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<SessionRow>(t =>
        {
            t.ToTable("sessions").HasKey(r => r.KeyHash);
            t.HasOne<UserRow>().WithMany().HasForeignKey(r => r.UserId).OnDelete(DeleteBehavior.Cascade);
        });
    }

    private static void MapDevices(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<DeviceRow>(t =>
        {
            t.ToTable("devices").HasKey(r => r.Uuid);
            t.HasIndex(r => r.KeyHash).IsUnique();
            t.HasIndex(r => r.NextKeyHash).IsUnique();
            t.HasIndex(r => new { r.OrganisationId, r.Uuid });
            t.HasIndex(r => new { r.OrganisationId, r.Name });
            t.HasOne<FleetRow>().WithMany().HasForeignKey(r => r.FleetId).OnDelete(DeleteBehavior.SetNull);
        });
        modelBuilder.Entity<DeviceBootRow>(t =>
        {
            t.ToTable("device_boots").HasKey(r => new { r.DeviceUuid, r.BootId });
            t.HasOne<DeviceRow>().WithMany().HasForeignKey(r => r.DeviceUuid).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<DeviceEventRow>(t =>
        {
            t.ToTable("device_events").HasKey(r => r.Id);
            t.HasOne<DeviceRow>().WithMany().HasForeignKey(r => r.DeviceUuid).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<TrustListRow>(t =>
        {
            t.ToTable("trust_lists").HasKey(r => new { r.OrganisationId, r.Version });
            t.Property(r => r.Version).ValueGeneratedNever();
            t.HasIndex(r => new { r.OrganisationId, r.EnvelopeDigest }).IsUnique();
        });
    }

    private static void MapAttempts(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<AttemptRow>(t =>
        {
            t.ToTable("attempts").HasKey(r => r.Id);
            t.HasIndex(r => new { r.DeviceUuid, r.CreatedAt });
            t.HasIndex(r => r.State);
            t.HasOne<DeviceRow>().WithMany().HasForeignKey(r => r.DeviceUuid).OnDelete(DeleteBehavior.Cascade);
            t.HasOne<ReleaseRow>().WithMany().HasForeignKey(r => r.ReleaseId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<DeclaredTargetRow>(t =>
        {
            t.ToTable("declared_targets").HasKey(r => r.DeviceUuid);
            t.HasOne<DeviceRow>().WithOne().HasForeignKey<DeclaredTargetRow>(r => r.DeviceUuid).OnDelete(DeleteBehavior.Cascade);
            t.HasOne<ReleaseRow>().WithMany().HasForeignKey(r => r.ReleaseId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<AttemptEventRow>(t =>
        {
            t.ToTable("attempt_events").HasKey(r => r.Id);
            t.HasOne<AttemptRow>().WithMany().HasForeignKey(r => r.AttemptId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<AttemptLogPartRow>(t =>
        {
            t.ToTable("attempt_log_parts").HasKey(r => new { r.AttemptId, r.OffsetBytes });
            t.HasOne<AttemptRow>().WithMany().HasForeignKey(r => r.AttemptId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<AttemptPlanRow>(t =>
        {
            t.ToTable("attempt_plans").HasKey(r => r.AttemptId);
            t.HasOne<AttemptRow>().WithOne().HasForeignKey<AttemptPlanRow>(r => r.AttemptId).OnDelete(DeleteBehavior.Cascade);
        });
    }

    private static void UseSnakeCase(ModelBuilder modelBuilder)
    {
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
                property.SetColumnName(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
            foreach (var index in entity.GetIndexes())
                index.SetDatabaseName($"ix_{entity.GetTableName()}_{string.Join('_', index.Properties.Select(p => p.GetColumnName()))}");
        }
    }

    private sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(t => t.ToUnixTimeMilliseconds(), n => DateTimeOffset.FromUnixTimeMilliseconds(n));
}

/// <summary>A value the server keeps for itself, such as the key that signs registry tokens.</summary>
internal sealed class SettingRow
{
    public required string Name { get; set; }
    public required string Value { get; set; }
}
