using System.Globalization;
using Hostup.Lab.Networks;
using Hostup.Linux.RootTrees;
using Hostup.Linux.Tests.RootTrees;

namespace Hostup.Linux.Tests.Networks;

[Trait("Needs", "root")]
public sealed class KilledDownloadTests
{
    private const int Kills = 100;
    private const long MostAgain = 4 << 20;

    [Fact]
    public async Task A_hundred_kills_at_random_places_cost_at_most_4_MiB_each_and_the_tree_is_right()
    {
        Run.NeedsRoot();
        await using var release = await NetworkRelease.MakeAsync(48 << 20);
        using var scratch = new TemporaryDirectory();
        await File.WriteAllBytesAsync(scratch.Of("manifest.json"), release.Manifest.ToJson());
        int seed = Environment.TickCount;
        var random = new Random(seed);

        int kills = 0;
        long worst = 0;
        for (int round = 0; kills < Kills; round++)
        {
            string folder = scratch.Sub($"device-{round}");
            long reached = 0;
            for (bool whole = false; !whole;)
            {
                await using var network = new BadNetwork(release.Registry.Base);
                whole = await FetchUntilAsync(kills < Kills ? random.NextInt64(200_000, 6_000_000) : long.MaxValue, network, folder, scratch.Of("manifest.json")) == 0;
                long again = network.Exchanges.Sum(e => Math.Max(0, Math.Min(reached, Offset(release, e) + e.BodySent) - Offset(release, e)));
                reached = Math.Max(reached, network.Exchanges.Select(e => Offset(release, e) + e.BodySent).DefaultIfEmpty().Max());
                worst = Math.Max(worst, again);
                Assert.True(again <= MostAgain, $"seed {seed}, kill {kills}: {again} bytes again");
                kills += whole ? 0 : 1;
            }
            Assert.Equal(release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(Path.Combine(folder, "tree"), null, default));
        }
        TestContext.Current.SendDiagnosticMessage($"{kills} kills, at most {worst} bytes again");
    }

    [Fact]
    public async Task A_budget_holds_over_processes_that_are_killed_but_for_what_each_had_not_kept()
    {
        const long budget = 20 << 20, notKept = 3 << 19;
        const int killed = 7;
        Run.NeedsRoot();
        await using var release = await NetworkRelease.MakeAsync(48 << 20);
        using var scratch = new TemporaryDirectory();
        await File.WriteAllBytesAsync(scratch.Of("manifest.json"), release.Manifest.ToJson());
        string folder = scratch.Sub("device");
        int kills = 0;
        long received = 0;
        for (bool ended = false; !ended;)
        {
            await using var network = new BadNetwork(release.Registry.Base);
            ended = await FetchUntilAsync(kills < killed ? 2_500_000 : long.MaxValue, network, folder, scratch.Of("manifest.json"), budget) != FetchProcess.Killed;
            received += network.Sent;
            kills += ended ? 0 : 1;
        }

        Assert.Equal(killed, kills);
        Assert.InRange(received, budget - (2 << 20), budget + (kills * notKept));
    }

    /// <summary>Where in the whole image a body began.</summary>
    private static long Offset(NetworkRelease release, NetworkExchange exchange) =>
        release.Manifest.Image.Layers.TakeWhile(l => !exchange.Path.EndsWith(l.Digest.ToString(), StringComparison.Ordinal)).Sum(l => l.Size) + exchange.From;

    /// <returns>How it ended; it was killed when so many bytes had been sent before its end.</returns>
    private static async Task<int> FetchUntilAsync(long bytes, BadNetwork network, string folder, string manifest, long budget = 0)
    {
        var (exit, errors) = await FetchProcess.RunAsync(bytes, network, folder, manifest, network.Address.ToString(), "--byte-budget", budget.ToString(CultureInfo.InvariantCulture));
        Assert.True(exit is 0 or FetchProcess.Killed || (budget > 0 && errors.Contains("left of the attempt's budget", StringComparison.Ordinal)), $"{exit}: {errors}");
        return exit;
    }
}
