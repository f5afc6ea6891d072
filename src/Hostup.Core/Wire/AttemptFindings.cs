namespace Hostup.Core.Wire;

/// <summary>What is found out about an attempt, on one page: for whoever wants to know why it failed.</summary>
public sealed record AttemptFindings
{
    /// <summary>How it stands or ended, in one sentence.</summary>
    public required string Sentence { get; init; }

    /// <summary>Why the device does not run the release; null: it does.</summary>
    public WhyNot? WhyNot { get; init; }

    /// <summary>The step that it is at, or came to; null: it began none.</summary>
    public string? Step { get; init; }

    /// <summary>The reason with its values, without what did not happen and what to do; empty: there is none.</summary>
    public string Cause { get; init => field = value ?? ""; } = "";

    /// <summary>What to do, for people.</summary>
    public required string WhatToDo { get; init; }

    /// <summary>The last lines of its log.</summary>
    public IReadOnlyList<string> LogTail { get; init => field = value ?? []; } = [];

    /// <summary>The device.</summary>
    public AttemptDevice? Device { get; init; }

    /// <summary>The release.</summary>
    public ReleaseView? Release { get; init; }
}

/// <summary>The device of an attempt, as it is now.</summary>
/// <param name="Uuid">Its uuid.</param>
/// <param name="Name">Name for people.</param>
/// <param name="DeviceType">Slug.</param>
/// <param name="LastSeenAt">When it last spoke, to within a minute; null: never.</param>
/// <param name="State">What it runs, as it last said; null: it has not said.</param>
public sealed record AttemptDevice(string Uuid, string Name, string DeviceType, DateTimeOffset? LastSeenAt, DeviceStateReport? State);
