using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Server.Monitoring;

namespace Hostup.Server;

/// <summary>The command line of hostup-server.</summary>
internal static class ServerArguments
{
    /// <summary>Data directory when none is named, below the working folder.</summary>
    public const string DefaultData = "hostup-data";

    /// <summary>More would be a mistake: 64 take 96 GB.</summary>
    private const int MaxDeltaWorkers = 64;

    /// <summary>More than one machine answers.</summary>
    private const int MaxRequests = 10_000;

    private const int HoursOfYear = 8760;

    /// <summary>For so long a caller that was quiet may ask at once.</summary>
    private const int BurstSeconds = 50;

    public const string Help = """
        hostup-server: releases, devices, updates and the OCI pull endpoint.

        Usage: hostup-server [--data DIR] [--urls URLS] [--poll-seconds N]
                             [--delta-workers N] [--requests-per-second N]
                             [--garbage-hours N] [--garbage-age-hours N]
                             [--log-format text|json]
               hostup-server backup DIR [--data DIR]
               hostup-server restore DIR [--data DIR]

          --data DIR         database, blobs and keys (default ./hostup-data)
          --urls URLS        addresses to listen on, separated by ; (default
                             http://127.0.0.1:5080)
          --poll-seconds N   what devices are told to wait between polls, 1 to
                             86400 (default 900)
          --delta-workers N  how many deltas are built at once, 0 to 64: each
                             takes up to 1.5 GB of memory, and a processor
                             that nobody else wants (default 1)
          --requests-per-second N
                             how much one key may ask for long, 1 to 10000, and
                             fifty times as much at once (default 100)
          --garbage-hours N  how often blobs that nothing refers to are deleted,
                             0 to 8760; 0: never (default 24)
          --garbage-age-hours N
                             how long they are kept, 24 to 8760 (default 168)
          --log-format F     text, or json: one object a line (default text)

        backup copies database and blobs of a server, also of one that works, into
        an empty folder; restore makes a data directory of it.

        Example: hostup-server --data /var/lib/hostup --urls http://0.0.0.0:5080

        The first start writes an operator key to DIR/operator-key, and to the log
        a link with which the first administrator chooses a password, once.
        """;

    /// <summary>The options, or null when help is asked for.</summary>
    /// <exception cref="HostupException"><c>usage</c>.</exception>
    public static ServerOptions? Parse(string[] args)
    {
        var options = new ServerOptions { DataDirectory = DefaultData };
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] is "--help" or "-h")
                return null;
            string value = i + 1 < args.Length ? args[i + 1] : "";
            options = args[i] switch
            {
                "--data" when value.Length > 0 => options with { DataDirectory = Path.GetFullPath(value) },
                "--urls" when value.Length > 0 => options with { Urls = value },
                "--poll-seconds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= 86400 => options with { PollInterval = TimeSpan.FromSeconds(n) },
                "--delta-workers" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n <= MaxDeltaWorkers => options with { DeltaWorkers = n },
                "--requests-per-second" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= MaxRequests => options with { RequestsPerSecond = n, RequestBurst = n * BurstSeconds },
                "--garbage-hours" when Hours(value, least: 0) is { } hours => options with { GarbageInterval = hours },
                "--garbage-age-hours" when Hours(value, least: 24) is { } hours => options with { GarbageAge = hours },
                "--log-format" when value is "text" or "json" => options with { LogFormat = value == "json" ? LogFormat.Json : LogFormat.Text },
                _ => throw new HostupException(HostupErrors.Usage, "cannot start", $"'{args[i]}' is unknown or has no good value", "see hostup-server --help"),
            };
            i++;
        }
        return options;
    }

    private static TimeSpan? Hours(string value, int least) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n >= least && n <= HoursOfYear ? TimeSpan.FromHours(n) : null;
}
