using System.Text.RegularExpressions;
using Hostup.Core.Errors;
using Hostup.Lab.Cache;

namespace Hostup.Lab.Packages;

/// <summary>The Debian archive as this machine's own apt sources name it, and the state it is in today.</summary>
/// <param name="MainUri">Address of the archive that has the suite and its updates.</param>
/// <param name="SecurityUri">Address of the security archive.</param>
public sealed partial record DebianArchive(string MainUri, string SecurityUri)
{
    /// <summary>Reads the addresses from apt's own sources, one-line and deb822 files alike.</summary>
    /// <param name="aptFolder">/etc/apt, or a folder shaped like it.</param>
    /// <exception cref="HostupException"><c>lab</c>: no Debian archive is named there.</exception>
    public static DebianArchive FromAptSources(string aptFolder)
    {
        var files = new List<string> { Path.Combine(aptFolder, "sources.list") };
        string parts = Path.Combine(aptFolder, "sources.list.d");
        if (Directory.Exists(parts))
            files.AddRange(Directory.EnumerateFiles(parts).Order(StringComparer.Ordinal));
        var addresses = files.Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => line.Trim()).Where(line => !line.StartsWith('#'))
            .Where(line => line.StartsWith("URIs:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("deb ", StringComparison.Ordinal))
            .SelectMany(line => Address().Matches(line).Select(m => m.Value.TrimEnd('/'))).ToList();
        string? main = addresses.Find(a => a.EndsWith("/debian", StringComparison.Ordinal));
        string? security = addresses.Find(a => a.EndsWith("/debian-security", StringComparison.Ordinal));
        if (main is null)
            throw new HostupException(HostupErrors.Lab, "cannot find the Debian archive", $"no address ending in /debian in {aptFolder}",
                "add the archive to apt's sources");
        return new DebianArchive(main, security ?? main[..^"/debian".Length] + "/debian-security");
    }

    /// <summary>The lines that mmdebstrap takes for these suites.</summary>
    public IReadOnlyList<string> SourceLines(IEnumerable<string> suites) => [.. suites.Select(s => $"deb {UriOf(s)} {s} main")];

    /// <summary>
    /// Adds the digests of the package indexes of these suites to a key: a tree made from the same indexes holds the same packages.
    /// The archive is asked once a day, so that all runs of a day use the same packages and need no network.
    /// </summary>
    /// <exception cref="HostupException"><c>lab</c>: the archive cannot be reached.</exception>
    public async Task AddStateAsync(LabCache cache, CacheKey key, IEnumerable<string> suites, CancellationToken ct)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        string today = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd", null);
        foreach (string suite in suites)
        {
            string address = $"{UriOf(suite)}/dists/{suite}/InRelease";
            string name = today + "-" + new CacheKey().Add("address", address).Finish();
            string folder = await cache.GetAsync("archive", name, async folder =>
                await File.WriteAllTextAsync(Path.Combine(folder, "digest"), await ReadDigestAsync(http, address, ct), ct), ct);
            key.Add(suite, await File.ReadAllTextAsync(Path.Combine(folder, "digest"), ct));
        }
    }

    /// <summary>The suites with the dates of their indexes, as of the first time that they are asked for on a day.</summary>
    /// <exception cref="HostupException"><c>lab</c>: the archive cannot be reached.</exception>
    public async Task<string> DescribeAsync(LabCache cache, IEnumerable<string> suites, CancellationToken ct)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        string today = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd", null);
        var described = new List<string>();
        foreach (string suite in suites)
        {
            string address = $"{UriOf(suite)}/dists/{suite}/InRelease";
            string folder = await cache.GetAsync("archive-date", today + "-" + new CacheKey().Add("address", address).Finish(), async folder =>
                await File.WriteAllTextAsync(Path.Combine(folder, "date"), Date().Match(await ReadAsync(http, address, ct)).Groups[1].Value.Trim(), ct), ct);
            described.Add($"{suite} ({await File.ReadAllTextAsync(Path.Combine(folder, "date"), ct)})");
        }
        return string.Join(", ", described);
    }

    private static async Task<string> ReadDigestAsync(HttpClient http, string address, CancellationToken ct) =>
        string.Join('\n', IndexLine().Matches(await ReadAsync(http, address, ct)).Select(m => m.Value.Trim()));

    private static async Task<string> ReadAsync(HttpClient http, string address, CancellationToken ct)
    {
        try
        {
            return await http.GetStringAsync(new Uri(address), ct);
        }
        catch (HttpRequestException e)
        {
            throw new HostupException(HostupErrors.Lab, $"cannot read {address}", e.Message, "check the network and apt's sources", e);
        }
    }

    private string UriOf(string suite) => suite.EndsWith("-security", StringComparison.Ordinal) ? SecurityUri : MainUri;

    [GeneratedRegex(@"https?://[^\s\]]+")]
    private static partial Regex Address();

    [GeneratedRegex(@"^Date: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Date();

    // SHA-256 line of the uncompressed index; the MD5 line has 32 digits and does not match
    [GeneratedRegex(@"^ [0-9a-f]{64} +\d+ main/binary-amd64/Packages$", RegexOptions.Multiline)]
    private static partial Regex IndexLine();
}
