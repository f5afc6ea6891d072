using Hostup.Core;
using Hostup.Server.Database;
using Hostup.Server.Deltas;
using Hostup.Server.Releases;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Tests.Deltas;

/// <summary>A database in a file, with releases, that any number of workers open.</summary>
internal sealed class JobsDatabase : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-deltas-").FullName;
    private readonly SqliteEngine _engine;
    private readonly DeltaNews _news = new();

    private JobsDatabase() => _engine = new SqliteEngine(Path.Combine(_folder, "hostup.db"));

    public ManualTime Time { get; } = new();

    public static async Task<JobsDatabase> CreateAsync()
    {
        var jobs = new JobsDatabase();
        await using var db = jobs.Open();
        await Schema.UpgradeAsync(db, jobs._engine, jobs.Time, default);
        for (int n = 1; n <= 9; n++)
            db.Releases.Add(ReleaseOf(n));
        await db.SaveChangesAsync();
        return jobs;
    }

    /// <summary>The release with sequence n.</summary>
    public static ReleaseRow ReleaseOf(int n) => new()
    {
        Id = $"{n:d32}",
        OrganisationId = "default",
        Version = $"{n}.0.0",
        DeviceType = TestServer.DeviceType,
        Sequence = n,
        BuildId = "",
        EnvelopeDigest = Digest.Of([(byte)n, 1]).ToString(),
        ImageDigest = Digest.Of([(byte)n, 2]).ToString(),
        TreeDigest = Digest.Of([(byte)n, 3]).ToString(),
        Repository = "hostos/x",
        DownloadBytes = 1000,
    };

    /// <summary>As another process has it: with a connection of its own.</summary>
    public async Task<T> WithAsync<T>(Func<DeltaJobs, Task<T>> act)
    {
        await using var db = Open();
        return await act(new DeltaJobs(db, _news, Time));
    }

    public Task<DeltaRow> AskAsync(int from, int to, bool urgent = false) => WithAsync(j => j.AskAsync(ReleaseOf(from), ReleaseOf(to), urgent, default));

    public Task<DeltaRow?> TakeAsync(string owner) => WithAsync(j => j.TakeAsync(owner, default));

    public async Task<DeltaRow> ReadAsync(string id)
    {
        await using var db = Open();
        return await db.Deltas.AsNoTracking().SingleAsync(d => d.Id == id);
    }

    public async Task<int> CountAsync()
    {
        await using var db = Open();
        return await db.Deltas.CountAsync();
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private HostupDb Open()
    {
        var options = new DbContextOptionsBuilder<HostupDb>();
        _engine.Configure(options);
        return new HostupDb(options.Options);
    }
}
