using Hostup.Server.Monitoring;

namespace Hostup.Server;

/// <summary>How a server is started.</summary>
public sealed record ServerOptions
{
    /// <summary>Where database, blobs and keys are; made when it is missing.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Addresses to listen on, separated by semicolons; port 0: any free one.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:5080";

    /// <summary>What devices are told to wait between polls.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How many deltas are built at once; 0: none, and devices are told so.</summary>
    public int DeltaWorkers { get; init; } = 1;

    /// <summary>How long one try to build a delta may take; the largest of common images takes some minutes.</summary>
    public TimeSpan DeltaTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many requests a caller may send at once.</summary>
    public int RequestBurst { get; init; } = 5000;

    /// <summary>How many requests a second a caller may send for long.</summary>
    public int RequestsPerSecond { get; init; } = 100;

    /// <summary>How many wrong keys of operators one address may send at once; one more each second.</summary>
    public int FailureBurst { get; init; } = 200;

    /// <summary>How many passwords may be tried from one address at once; one more each second.</summary>
    public int PasswordBurst { get; init; } = 20;

    /// <summary>How long after one collection of blobs that nothing refers to the next one begins; zero: there is none.</summary>
    public TimeSpan GarbageInterval { get; init; } = TimeSpan.FromDays(1);

    /// <summary>For so long a blob is kept that nothing refers to: a push that takes days has sent its layers before the manifest that names them.</summary>
    public TimeSpan GarbageAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Clock; tests hand in theirs.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How lines of the log are written.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>Lowest level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;
}
