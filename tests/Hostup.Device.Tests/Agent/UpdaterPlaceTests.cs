using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Updates.Trust;

namespace Hostup.Device.Tests.Agent;

/// <summary>Where an updater is kept on a device whose media are read-only, full or failing.</summary>
public sealed class UpdaterPlaceTests : IAsyncLifetime
{
    // Every write to it ends with ENOSPC, every fsync with EINVAL.
    private const string Full = "/dev/full";
    private readonly byte[] _program = new byte[300_000];
    private readonly OsBuilder _builder = new();
    private readonly Impostor _server = new();
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("hostup-place-");
    private ServerLink _link = null!;
    private SimDevice _sim = null!;
    private UpdaterArtifact _updater = null!;

    public ValueTask InitializeAsync()
    {
        new Random(7).NextBytes(_program);
        var release = SimRelease.Make("2.100.0", SimBehaviour.Good, trust: _builder.Trust(1).ToJson());
        _sim = new SimDevice(release, release);
        _updater = _server.Updater(_builder, _program);
        _link = new ServerLink(_connections, _server.Base, Victim.Key);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        _link.Dispose();
        _connections.Dispose();
        await _server.DisposeAsync();
        _builder.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task Where_the_data_partition_makes_no_folder_it_lies_in_memory_and_is_fetched_once()
    {
        Directory.CreateDirectory(OnData);
        await File.WriteAllTextAsync($"{OnData}/{_updater.Digest.Hex}", "");

        var (path, bytes) = await ProvideAsync();

        await RequireInMemoryAsync(path);
        Assert.Equal(1, Transfers);
        Assert.InRange(bytes, _program.Length, _program.Length + 2000);
    }

    [Fact]
    public async Task Where_the_data_partition_fails_under_way_it_lies_in_memory_and_both_transfers_are_counted()
    {
        Break(OnData);

        var (path, bytes) = await ProvideAsync();

        await RequireInMemoryAsync(path);
        Assert.Equal(2, Transfers);
        Assert.True(bytes > _program.Length + 2000, $"{bytes} bytes in all");
    }

    [Fact]
    public async Task A_budget_for_one_transfer_is_not_exceeded_by_a_second()
    {
        Break(OnData);

        var error = await Assert.ThrowsAsync<HostupException>(() => ProvideAsync(mostBytes: _program.Length + 2000));

        Assert.Equal((HostupErrors.ByteBudget, 1), (error.Code, Transfers));
    }

    [Fact]
    public async Task Where_neither_place_keeps_it_the_error_says_why_of_both()
    {
        Break(OnData);
        Break(InMemory);

        var error = await Assert.ThrowsAsync<HostupException>(() => ProvideAsync());

        Assert.Equal(HostupErrors.Medium, error.Code);
        Assert.StartsWith("cannot keep the updater: ", error.Message, StringComparison.Ordinal);
        Assert.All([OnData, InMemory], place => Assert.Contains(place, error.Why, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_server_says_is_not_replaced_by_what_the_medium_says()
    {
        Break(OnData);
        _server.Files.Remove(Path, out _);

        Assert.Equal(HostupErrors.NotFound, (await Assert.ThrowsAsync<HostupException>(() => ProvideAsync())).Code);
    }

    [Fact]
    public async Task One_that_cannot_be_read_back_is_not_there()
    {
        Directory.CreateDirectory($"{OnData}/{_updater.Digest.Hex}");
        File.CreateSymbolicLink($"{OnData}/{_updater.Digest.Hex}/hostup-device", "/proc/self/mem"); // its first byte is an input/output error

        Assert.Null(UpdaterStore.Find(_updater.Digest, _root.FullName));
    }

    private string OnData => _root.FullName + "/mnt/data/hostup/updater";

    private string InMemory => _root.FullName + "/run/hostup/updater";

    private string Path => $"device/v1/updaters/{Digest.Of(_program)}";

    private int Transfers => _server.Requests.Count(r => r.StartsWith(Path, StringComparison.Ordinal));

    private Task<(string Path, long FetchedBytes)> ProvideAsync(long mostBytes = long.MaxValue) =>
        new UpdaterStore(_link, new DeviceTrust(_sim.Files), _root.FullName).ProvideAsync(_updater, mostBytes, default);

    private void Break(string place)
    {
        Directory.CreateDirectory($"{place}/{_updater.Digest.Hex}");
        File.CreateSymbolicLink($"{place}/{_updater.Digest.Hex}/hostup-device.new", Full);
    }

    private async Task RequireInMemoryAsync(string path)
    {
        Assert.StartsWith(InMemory, path, StringComparison.Ordinal);
        Assert.Equal(_program, await File.ReadAllBytesAsync(path));
        Assert.True(File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserExecute));
    }
}
