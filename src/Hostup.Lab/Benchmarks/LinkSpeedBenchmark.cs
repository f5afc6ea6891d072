using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Hostup.Core;
using Hostup.Lab.Networks;
using Hostup.Linux.RootTrees;

namespace Hostup.Lab.Benchmarks;

/// <summary>
/// <c>hostup-lab bench link-speed</c>: seconds from the first byte to a verified slot by the speed of the link, with the product's own step that
/// writes a slot, real sockets through the bad network, and ext4 on a loop device as the slot, read back from the medium. Below 100 kB/s with an image of less than 2 MB.
/// </summary>
public static class LinkSpeedBenchmark
{
    private const int SmallBytes = 1_000_000;
    private const int LargeBytes = 32 << 20;
    private const long MediumBytes = 512L << 20;
    private const long SlowBelow = 100_000;
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Bytes a second and delay of each answer; zero bytes: as fast as the machine is.</summary>
    private static readonly (string Name, long BytesPerSecond, int Milliseconds)[] Links =
    [
        ("GPRS, 40 kbit/s, 600 ms", 5_000, 600), ("10 kB/s", 10_000, 0), ("30 kB/s", 30_000, 0), ("100 kB/s", 100_000, 0), ("300 kB/s", 300_000, 0), ("1 MB/s", 1_000_000, 0),
        ("3 MB/s", 3_000_000, 0), ("10 MB/s", 10_000_000, 0), ("30 MB/s", 30_000_000, 0), ("unlimited", 0, 0),
    ];

    public static Command Create()
    {
        var links = new Option<LinkChoice>("--links") { Description = "all, slow (up to 100 kB/s: the link decides, on a busy machine too), fast (on a quiet machine) or none (draws what the file has)" };
        var json = new Option<string?>("--json") { Description = "Writes the results to this file; those of other links that are in it stay" };
        var chart = new Option<string?>("--chart") { Description = "Writes a chart of them to this SVG file" };
        var command = new Command("link-speed", "Seconds to a verified slot by the speed of the link; needs root") { links, json, chart };
        command.SetAction(async (parsed, ct) =>
        {
            string? file = parsed.GetValue(json);
            var before = file is not null && File.Exists(file) ? JsonSerializer.Deserialize<LinkSpeedResult[]>(await File.ReadAllBytesAsync(file, ct), Json)! : [];
            var results = InOrder([.. await MeasureAsync(parsed.GetValue(links), ct), .. before]);
            if (file is not null)
                await File.WriteAllTextAsync(file, JsonSerializer.Serialize(results, Json) + "\n", ct);
            if (parsed.GetValue(chart) is { } svg)
                await File.WriteAllTextAsync(svg, Chart(results), ct);
        });
        return command;
    }

    /// <summary>The newest result of each link, in the order of the links.</summary>
    private static IReadOnlyList<LinkSpeedResult> InOrder(IReadOnlyList<LinkSpeedResult> results) =>
        [.. Links.Select(l => results.FirstOrDefault(r => r.Link == l.Name)).OfType<LinkSpeedResult>()];

    private static bool IsSlow(long bytesPerSecond) => bytesPerSecond is > 0 and <= SlowBelow;

    private static async Task<IReadOnlyList<LinkSpeedResult>> MeasureAsync(LinkChoice choice, CancellationToken ct)
    {
        if (choice == LinkChoice.None)
            return [];
        await using var small = await NetworkRelease.MakeAsync(SmallBytes);
        await using var large = await NetworkRelease.MakeAsync(LargeBytes);
        var results = new List<LinkSpeedResult>();
        foreach (var (name, speed, latency) in Links.Where(l => choice == LinkChoice.All || IsSlow(l.BytesPerSecond) == (choice == LinkChoice.Slow)))
        {
            var release = IsSlow(speed) ? small : large;
            var result = await MeasureAsync(name, release, speed, latency, ct);
            results.Add(result);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-24} image {new ByteCount(result.ImageBytes),9}  {result.Seconds,7:0.0} s  {result.ImageBytes / result.Seconds / 1000,9:0} kB/s  {new ByteCount(result.ReceivedBytes),9} received"));
        }
        return results;
    }

    private static async Task<LinkSpeedResult> MeasureAsync(string name, NetworkRelease release, long speed, int latency, CancellationToken ct)
    {
        await using var medium = await LoopMedium.MountAsync(MediumBytes, ct);
        await LoopMedium.DropCachesAsync(ct);
        await using var network = new BadNetwork(release.Registry.Base) { BytesPerSecond = speed, Latency = TimeSpan.FromMilliseconds(latency) };
        using var fetch = new SlotFetch(medium.Path) { DropsCaches = true };
        long began = TimeProvider.System.GetTimestamp();
        await fetch.RunAsync(release.Manifest, [("registry", network.Address)], ct);
        double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        if (await TreeDigestOfDirectory.ComputeAsync(Path.Combine(medium.Path, "tree"), null, ct) != release.Manifest.TreeDigest)
            throw new InvalidOperationException("bug: what was measured is not the release");
        return new LinkSpeedResult(name, speed, release.Size, fetch.Account.Sum(b => b.Received), seconds);
    }

    private static string Chart(IReadOnlyList<LinkSpeedResult> results) => SvgChart.Lines(
        "Seconds to a verified slot for each MB of image, by link",
        "s/MB",
        [.. results.Select(r => (r.Link, r.Seconds / (r.ImageBytes / 1e6), r.BytesPerSecond == 0 ? (double?)null : 1e6 / r.BytesPerSecond))],
        ("measured", "the link alone"));
}

/// <summary>Which links are measured.</summary>
internal enum LinkChoice
{
    /// <summary>Every one.</summary>
    All,
    /// <summary>Up to 100 kB/s.</summary>
    Slow,
    /// <summary>The others.</summary>
    Fast,
    /// <summary>None: what was measured before is drawn.</summary>
    None,
}

/// <summary>One link and what came of it.</summary>
/// <param name="Link">Name of the link.</param>
/// <param name="BytesPerSecond">Its speed; zero: as fast as the machine is.</param>
/// <param name="ImageBytes">Bytes of the image.</param>
/// <param name="ReceivedBytes">Bytes received, by the attempt's account.</param>
/// <param name="Seconds">Seconds from the first request to the verified slot.</param>
public sealed record LinkSpeedResult(string Link, long BytesPerSecond, long ImageBytes, long ReceivedBytes, double Seconds);
