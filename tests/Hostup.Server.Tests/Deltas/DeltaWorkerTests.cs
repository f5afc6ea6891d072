using System.Net;
using System.Net.Http.Json;
using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Server.Deltas;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Tests.Deltas;

/// <summary>What happens to workers and to what they read, on servers of their own.</summary>
public sealed class DeltaWorkerTests
{
    [Fact]
    public async Task A_build_that_takes_too_long_is_ended_and_after_three_tries_it_has_failed()
    {
        await using var server = await DeltaServer.StartAsync(o => o with { DeltaTimeout = TimeSpan.FromMilliseconds(1) });
        await TestTree.Old().PublishAsync(server);
        var release = await TestTree.New().PublishAsync(server);

        var built = await server.SettledAsync((await server.RequestAsync("1.0.0", "2.0.0")).Id);

        Assert.Equal((DeltaStates.Failed, "program", 3), (built.State, built.ErrorCode!, built.Tries));
        Assert.Contains("it was not done after 00:00:00.0010000", built.Error, StringComparison.Ordinal);
        var device = await server.DeviceAsync();
        await server.UpdateAsync(device, release.Id);
        var refusal = await DeltaServer.RefusedAsync(await device.AskAsync(release, await TestTree.Old().DigestAsync()), HttpStatusCode.NotFound);
        Assert.Equal("no-delta", refusal.Code);
        Assert.Contains("building it failed with program", refusal.Title, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_server_was_building_is_built_by_the_next_one_once_the_lease_has_ended()
    {
        await using var server = await DeltaServer.StartAsync(o => o with { DeltaWorkers = 0 });
        await TestTree.Old().PublishAsync(server);
        await TestTree.New().PublishAsync(server);
        string id = (await server.RequestAsync("1.0.0", "2.0.0")).Id;
        await using (var db = server.Database())
        {
            var until = server.Time.GetUtcNow() + DeltaJobs.Lease;
            await db.Deltas.ExecuteUpdateAsync(s => s.SetProperty(d => d.State, DeltaStates.Building).SetProperty(d => d.LeaseOwner, "killed").SetProperty(d => d.LeaseUntil, until).SetProperty(d => d.Tries, 1));
        }
        Directory.CreateDirectory(Path.Combine(server.Directory, DeltaTry.Folder, "killed"));
        server.Time.Pass(DeltaJobs.Lease + TimeSpan.FromSeconds(1));

        server.Change = o => o with { DeltaWorkers = 1 };
        await server.RestartAsync();
        var built = await server.SettledAsync(id);

        Assert.Equal((DeltaStates.Ready, 2), (built.State, built.Tries));
        Assert.Null(built.Worker);
        Assert.False(Directory.Exists(Path.Combine(server.Directory, DeltaTry.Folder, "killed")));
    }

    [Fact]
    public async Task A_server_that_is_stopped_gives_back_what_it_builds()
    {
        await using var server = await DeltaServer.StartAsync();
        await TestTree.Old().PublishAsync(server);
        await TestTree.New().PublishAsync(server);
        var asked = await server.RequestAsync("1.0.0", "2.0.0");
        while (asked.State == DeltaStates.Queued)
            asked = (await server.Operator.GetFromJsonAsync($"/api/v1/deltas/{asked.Id}?waitSerial={asked.Serial}", WireJson.Default.DeltaView))!;

        // all of the time that a lease has lies before the next server: it does not wait for it
        await server.RestartAsync();
        var built = await server.SettledAsync(asked.Id);

        Assert.Equal((DeltaStates.Ready, 1), (built.State, built.Tries));
    }

    [Fact]
    public async Task A_server_without_workers_tells_devices_so_and_offers_what_was_built_before()
    {
        await using var server = await DeltaServer.StartAsync();
        await TestTree.Old("1.0.0").PublishAsync(server);
        await TestTree.Old("1.1.0").PublishAsync(server);
        var release = await TestTree.New().PublishAsync(server);
        await server.SettledAsync((await server.RequestAsync("1.0.0", "2.0.0")).Id);
        server.Change = o => o with { DeltaWorkers = 0 };
        await server.RestartAsync();
        var device = await server.DeviceAsync();
        await server.UpdateAsync(device, release.Id);

        var refusal = await DeltaServer.RefusedAsync(await device.AskAsync(release, await TestTree.Old("1.1.0").DigestAsync()), HttpStatusCode.NotFound);
        var answer = await device.AskAsync(release, await TestTree.Old("1.0.0").DigestAsync());

        Assert.Equal("no-delta", refusal.Code);
        Assert.Contains("this server builds no deltas", refusal.Title, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Single(await server.DeltasAsync());
    }

    [Fact]
    public async Task A_damaged_image_fails_the_delta_and_one_that_was_mended_gives_it()
    {
        await using var server = await DeltaServer.StartAsync();
        var old = TestTree.Old();
        await old.PublishAsync(server);
        await TestTree.New().PublishAsync(server);
        string file = server.BlobFile(await old.StoredLayerAsync());
        byte[] whole = await File.ReadAllBytesAsync(file);
        byte[] garbled = [.. whole];
        garbled[whole.Length / 2] ^= 0x40;
        foreach (byte[] damaged in (byte[][])[garbled, whole[..(whole.Length / 3)], [], "garbage"u8.ToArray()])
        {
            await File.WriteAllBytesAsync(file, damaged);

            var failed = await server.SettledAsync((await server.RequestAsync("1.0.0", "2.0.0")).Id);

            Assert.Equal((DeltaStates.Failed, 1), (failed.State, failed.Tries));
            Assert.True(failed.ErrorCode is "digest-mismatch" or "bad-image", failed.Error);
        }

        await File.WriteAllBytesAsync(file, whole);
        Assert.Equal(DeltaStates.Ready, (await server.SettledAsync((await server.RequestAsync("1.0.0", "2.0.0")).Id)).State);
    }

    [Fact]
    public async Task A_delta_of_which_the_store_lost_a_part_is_not_offered_but_built_again()
    {
        await using var server = await DeltaServer.StartAsync();
        var old = TestTree.Old();
        await old.PublishAsync(server);
        var release = await TestTree.New().PublishAsync(server);
        var device = await server.DeviceAsync();
        await server.UpdateAsync(device, release.Id);
        using var tree = await old.SpoolAsync();
        string id = (await server.RequestAsync("1.0.0", "2.0.0")).Id;
        await server.SettledAsync(id);
        var offer = (await (await device.AskAsync(release, tree.Digest)).Content.ReadFromJsonAsync(WireJson.Default.DeltaOffer))!;
        await File.WriteAllBytesAsync(server.BlobFile(offer.Digest), (await File.ReadAllBytesAsync(server.BlobFile(offer.Digest)))[..100]);

        Assert.Equal(HttpStatusCode.Accepted, (await device.AskAsync(release, tree.Digest)).StatusCode);
        await server.SettledAsync(id);

        Assert.Equal(offer, await (await device.AskAsync(release, tree.Digest)).Content.ReadFromJsonAsync(WireJson.Default.DeltaOffer));
        Assert.Equal(await TestTree.New().DigestAsync(), await DeltaServer.ApplyAsync((await server.PullAsync(device, offer)).Delta, tree));
    }

    [Fact]
    public async Task Releases_of_an_older_server_get_their_trees_at_start()
    {
        await using var server = await DeltaServer.StartAsync(o => o with { DeltaWorkers = 0 });
        await TestTree.Old().PublishAsync(server);
        await TestTree.New().PublishAsync(server);
        await using (var db = server.Database())
            await db.Releases.ExecuteUpdateAsync(s => s.SetProperty(r => r.TreeDigest, (string?)null));

        await server.RestartAsync();

        Assert.Equal(await TestTree.Old().DigestAsync(), (await server.RequestAsync("1.0.0", "2.0.0")).FromTree);
    }

    [Fact]
    public async Task A_process_that_falls_says_why_and_one_that_is_not_wanted_any_more_is_gone()
    {
        await using var server = await DeltaServer.StartAsync(o => o with { DeltaWorkers = 0 });
        var (from, to) = ((await TestTree.Old().PublishAsync(server)).Envelope, (await TestTree.New().PublishAsync(server)).Envelope);

        await using var fallen = Start(server, from, to, Path.Combine(server.Directory, "there-is-none"));
        var end = await fallen.Ended;
        var unwanted = Start(server, from, to, server.Directory);
        await unwanted.DisposeAsync();

        Assert.Null(end.Said);
        Assert.NotEqual(0, end.ExitCode);
        Assert.Contains("there-is-none", end.Trouble, StringComparison.Ordinal);
        Assert.True(unwanted.Ended.IsCompletedSuccessfully);
        Assert.Null((await unwanted.Ended).Said);
    }

    [Fact]
    public async Task A_request_for_what_is_not_there_is_an_answer_of_the_process_and_no_fall()
    {
        await using var server = await DeltaServer.StartAsync(o => o with { DeltaWorkers = 0 });
        var from = (await TestTree.Old().PublishAsync(server)).Envelope;

        await using var process = Start(server, from, Digest.Of("none"u8), server.Directory);
        var end = await process.Ended;

        Assert.Equal((0, "not-found"), (end.ExitCode, end.Said!.Error!.Code));
    }

    private static DeltaProcess Start(TestServer server, Digest from, Digest to, string folder) =>
        DeltaProcess.Start(DeltaBuild.Command, server.Directory, from.ToString(), to.ToString(), folder);
}
