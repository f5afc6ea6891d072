using System.Net.Http.Headers;
using System.Net.Http.Json;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Backups;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Tests.Backups;

/// <summary>Copies of a data directory that a server works on.</summary>
public sealed class BackupTests : IAsyncLifetime
{
    private readonly TestServer _server = new() { Change = o => o with { DeltaWorkers = 0 } };
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-backup-").FullName;

    private string Copy => Path.Combine(_folder, "copy");
    private string Restored => Path.Combine(_folder, "restored");

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_backup_of_a_server_that_takes_writes_is_a_server_with_all_that_its_database_names()
    {
        var before = await _server.ReleaseAsync("2.0.0");
        var device = await _server.DeviceAsync();
        using var enough = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var writes = WriteAsync(begun, enough.Token);
        await begun.Task;

        Assert.Equal(0, await BackupCommand.RunAsync(["backup", Copy, "--data", _server.Directory], TextWriter.Null, CancellationToken.None));
        await enough.CancelAsync();
        int published = await writes;
        Assert.Equal(0, await BackupCommand.RunAsync(["restore", Copy, "--data", Restored], TextWriter.Null, CancellationToken.None));

        await using var host = await ServerHost.StartAsync(new ServerOptions { DataDirectory = Restored, Urls = "http://127.0.0.1:0", Time = _server.Time, DeltaWorkers = 0, LogLevel = LogLevel.Warning }, CancellationToken.None);
        using var client = Client(host, _server.OperatorKey);
        var releases = (await client.GetFromJsonAsync("/api/v1/releases?limit=1000", WireJson.Default.PageReleaseView))!.Items;
        Assert.Contains(releases, r => r.Id == before.Id);
        Assert.True(releases.Count <= published + 1, $"{releases.Count} releases, {published} were made meanwhile");
        foreach (var release in releases)
        {
            Assert.Equal(release.Envelope, Digest.Of(await client.GetByteArrayAsync($"/api/v1/releases/{release.Id}/envelope")));
            Assert.Equal(release.Image, Digest.Of(await client.GetByteArrayAsync($"/v2/{release.Repository}/manifests/{release.Image}")));
        }
        Assert.Empty((await client.GetFromJsonAsync("/api/v1/garbage", WireJson.Default.GarbageReport))!.Unreadable);
        // the device's own key still opens
        using var poll = await Client(host, device.Key).GetAsync("/device/v1/poll");
        Assert.True(poll.IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_backup_stays_as_it_is_when_the_server_goes_on()
    {
        var release = await _server.ReleaseAsync("2.0.0");
        await DataCopy.BackUpAsync(_server.Directory, Copy, CancellationToken.None);

        await _server.ReleaseAsync("3.0.0");
        File.Delete(BlobStore.PathIn(_server.Directory, release.Image));

        Assert.Equal(release.Image, Digest.Of(await File.ReadAllBytesAsync(BlobStore.PathIn(Copy, release.Image))));
        Assert.Equal(["blobs", "hostup.db"], Directory.EnumerateFileSystemEntries(Copy).Select(e => Path.GetFileName(e)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_folder_with_something_in_it_is_left_alone_and_one_without_a_database_is_no_backup()
    {
        Directory.CreateDirectory(Copy);
        await File.WriteAllTextAsync(Path.Combine(Copy, "mine"), "mine");

        Assert.Equal(HostupErrors.BadConfig, (await Assert.ThrowsAsync<HostupException>(() => DataCopy.BackUpAsync(_server.Directory, Copy, CancellationToken.None))).Code);
        Assert.Equal(HostupErrors.BadConfig, (await Assert.ThrowsAsync<HostupException>(() => DataCopy.RestoreAsync(Copy, Restored, CancellationToken.None))).Code);
        Assert.Equal(HostupErrors.BadConfig, (await Assert.ThrowsAsync<HostupException>(() => DataCopy.RestoreAsync(_server.Directory, Copy, CancellationToken.None))).Code);
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(Copy, "mine")));
        Assert.False(Directory.Exists(Restored));
    }

    [Fact]
    public async Task A_document_that_is_missing_is_told_and_the_rest_is_copied()
    {
        var (lost, kept) = (await _server.ReleaseAsync("2.0.0"), await _server.ReleaseAsync("3.0.0"));
        File.Delete(BlobStore.PathIn(_server.Directory, lost.Image));

        var e = await Assert.ThrowsAsync<HostupException>(() => DataCopy.BackUpAsync(_server.Directory, Copy, CancellationToken.None));

        Assert.Equal(HostupErrors.NotFound, e.Code);
        Assert.Contains(lost.Image.ToString(), e.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(BlobStore.PathIn(Copy, kept.Image)));
        Assert.True(File.Exists(Path.Combine(Copy, DataCopy.DatabaseName)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(40_960)]
    public async Task A_damaged_backup_is_refused(int firstByte)
    {
        await _server.ReleaseAsync("2.0.0");
        await DataCopy.BackUpAsync(_server.Directory, Copy, CancellationToken.None);
        await using (var file = new FileStream(Path.Combine(Copy, DataCopy.DatabaseName), FileMode.Open))
        {
            file.Position = firstByte;
            await file.WriteAsync(Enumerable.Repeat((byte)0xa5, (int)file.Length - firstByte).ToArray());
        }

        var e = await Assert.ThrowsAsync<HostupException>(() => BackupCommand.RunAsync(["restore", Copy, "--data", Restored], TextWriter.Null, CancellationToken.None));

        Assert.Equal(HostupErrors.BadConfig, e.Code);
        Assert.StartsWith("cannot restore: the database is damaged", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Restored, DataCopy.DatabaseName)));
    }

    [Fact]
    public async Task A_backup_of_an_older_server_is_brought_up_to_date_and_an_older_server_is_backed_up_by_its_own_program()
    {
        int version = Schema.Scripts("Sqlite").Count - 1;
        string old = Directory.CreateDirectory(Path.Combine(_folder, "old")).FullName;
        await using (var db = new SqliteConnection($"Data Source={Path.Combine(old, DataCopy.DatabaseName)};Pooling=false"))
        {
            await db.OpenAsync();
            await using var command = db.CreateCommand();
            command.CommandText = string.Join(";\n", [
                .. Schema.Scripts("Sqlite").Take(version),
                "CREATE TABLE schema_versions (version INTEGER NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)",
                .. Enumerable.Range(1, version).Select(v => $"INSERT INTO schema_versions VALUES ({v}, 0)"),
                "INSERT INTO settings (name, value) VALUES ('mine', 'kept')"]);
            await command.ExecuteNonQueryAsync();
        }

        Assert.Equal(HostupErrors.BadConfig, (await Assert.ThrowsAsync<HostupException>(() => DataCopy.BackUpAsync(old, Copy, CancellationToken.None))).Code);
        await DataCopy.RestoreAsync(old, Restored, CancellationToken.None);

        await using var restored = new HostupDb(new DbContextOptionsBuilder<HostupDb>().UseSqlite($"Data Source={Path.Combine(Restored, DataCopy.DatabaseName)};Pooling=false").Options);
        await Schema.RequireCurrentAsync(restored, new SqliteEngine(""), CancellationToken.None);
        Assert.Equal("kept", (await restored.Settings.SingleAsync(s => s.Name == "mine")).Value);
    }

    [Theory]
    [InlineData("backup")]
    [InlineData("backup", "a", "b")]
    [InlineData("restore", "--data", "x")]
    [InlineData("restore", "a", "--data", "")]
    public async Task Other_arguments_are_refused(params string[] args) =>
        Assert.Equal(HostupErrors.Usage, (await Assert.ThrowsAsync<HostupException>(() => BackupCommand.RunAsync(args, TextWriter.Null, CancellationToken.None))).Code);

    /// <summary>Publishes and registers until it is enough.</summary>
    /// <returns>How many releases it has published.</returns>
    private async Task<int> WriteAsync(TaskCompletionSource begun, CancellationToken enough)
    {
        int releases = 0;
        while (!enough.IsCancellationRequested)
        {
            await _server.ReleaseAsync($"3.{releases++}.0");
            await _server.DeviceAsync();
            begun.TrySetResult();
        }
        return releases;
    }

    private static HttpClient Client(ServerHost host, string key)
    {
        var client = new HttpClient { BaseAddress = host.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }
}
