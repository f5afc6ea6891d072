namespace Hostup.Core.Wire;

/// <summary>A part of a list.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="Items">The entries, in the order of the list.</param>
/// <param name="Next">Value of <c>?after=</c> for the next part; null: this was the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>A signed list of trusted keys that devices can fetch.</summary>
/// <param name="Version">Its version; each list has a higher one than the one before.</param>
/// <param name="Envelope">Digest of its envelope.</param>
/// <param name="PublishedAt">When it was published here.</param>
public sealed record TrustListView(long Version, Digest Envelope, DateTimeOffset PublishedAt);

/// <summary>A release as the server knows it; the signed manifest decides.</summary>
public sealed record ReleaseView
{
    /// <summary>32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>OS version.</summary>
    public required string Version { get; init; }

    /// <summary>Slug.</summary>
    public required string DeviceType { get; init; }

    /// <summary>Sequence of the manifest.</summary>
    public required long Sequence { get; init; }

    /// <summary>Build id of the manifest.</summary>
    public string BuildId { get; init => field = value ?? ""; } = "";

    /// <summary>When the OS builder signed it.</summary>
    public required DateTimeOffset SignedAt { get; init; }

    /// <summary>When it was published here.</summary>
    public required DateTimeOffset PublishedAt { get; init; }

    /// <summary>Digest of the envelope.</summary>
    public required Digest Envelope { get; init; }

    /// <summary>Digest of the image.</summary>
    public required Digest Image { get; init; }

    /// <summary>Repository of the image on this server.</summary>
    public required string Repository { get; init; }

    /// <summary>Bytes of the image as they travel.</summary>
    public required long DownloadBytes { get; init; }

    /// <summary>It is offered to no device yet.</summary>
    public bool IsDraft { get; init; }

    /// <summary>Why nobody is to install it any more; null: it is valid.</summary>
    public string? InvalidatedReason { get; init; }
}

/// <summary>POST /api/v1/releases/{id}/invalidate.</summary>
/// <param name="Reason">Why, for people.</param>
public sealed record InvalidateRequest(string Reason);

/// <summary>A device program that updates can transfer.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Digest">Digest of the program.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Platform">Where it runs, for example linux-x64.</param>
/// <param name="Envelope">Digest of the envelope that signs it.</param>
/// <param name="PublishedAt">When it was published here.</param>
public sealed record UpdaterView(string Version, Digest Digest, long Size, string Platform, Digest Envelope, DateTimeOffset PublishedAt);

/// <summary>A device.</summary>
public sealed record DeviceView
{
    /// <summary>Its uuid.</summary>
    public required string Uuid { get; init; }

    /// <summary>Name for people.</summary>
    public required string Name { get; init; }

    /// <summary>Slug.</summary>
    public required string DeviceType { get; init; }

    /// <summary>When it registered.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When it last spoke, to within a minute; null: never.</summary>
    public DateTimeOffset? LastSeenAt { get; init; }

    /// <summary>What it runs, as it last said; null: it has not said.</summary>
    public DeviceStateReport? State { get; init; }

    /// <summary>The attempt that is its target; null: it is to stay.</summary>
    public AttemptView? OpenAttempt { get; init; }

    /// <summary>What was declared that it is to run, by whom, when and why; null: nothing, it stays at what it runs.</summary>
    public DeclaredTarget? Target { get; init; }

    /// <summary>When it was retired; null: it is in use.</summary>
    public DateTimeOffset? RetiredAt { get; init; }

    /// <summary>When two machines were first seen to use its key; null: never. No update starts until one of them registered again.</summary>
    public DateTimeOffset? ClonedAt { get; init; }

    /// <summary>The machines that take turns with its key; only in the view of one device.</summary>
    public IReadOnlyList<MachineView> Machines { get; init => field = value ?? []; } = [];

    /// <summary>What is said of the policy for this device alone.</summary>
    public PolicySettings Policy { get; init => field = value ?? new(); } = new();

    /// <summary>Its last attempt, also one that has ended; only in the view of one device.</summary>
    public AttemptView? LastAttempt { get; init; }

    /// <summary>It is asked to change its key and has not done so yet.</summary>
    public bool KeyRotationAsked { get; init; }

    /// <summary>Name of the fleet that it is in; null: none.</summary>
    public string? Fleet { get; init; }


    /// <summary>Why it does not run its target; null: it does, or it is to stay at what it runs.</summary>
    public WhyNot? WhyNot { get; init; }
}

/// <summary>A machine that used the key of a device.</summary>
/// <param name="BootId">Its boot.</param>
/// <param name="Machine">Serial number and network address, as it says; empty when it says nothing.</param>
/// <param name="Address">Where it called from.</param>
/// <param name="FirstSeenAt">When it was first seen.</param>
/// <param name="LastSeenAt">When it was last seen, to within a minute.</param>
public sealed record MachineView(string BootId, string Machine, string Address, DateTimeOffset FirstSeenAt, DateTimeOffset LastSeenAt);

/// <summary>GET /api/v1/devices/{device}/events: something that happened to the identity of a device.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">registered, registered-again, key-rotation-asked, key-rotated, key-reset, retired or cloned.</param>
/// <param name="Message">In words.</param>
public sealed record DeviceEvent(DateTimeOffset At, string Kind, string Message);

/// <summary>POST /api/v1/devices/{uuid}/updates: makes an attempt, which becomes the target of the device and supersedes an open one.</summary>
public sealed record UpdateRequest
{
    /// <summary>Version or id of a release for this device type; of several with one version the highest sequence is taken.</summary>
    public required string Release { get; init; }

    /// <summary>Allows an equal version and sequence.</summary>
    public bool Reinstall { get; init; }

    /// <summary>Passes over update locks that applications hold, instead of waiting for them.</summary>
    public bool OverrideLocks { get; init; }

    /// <summary>Registries tried after the server's own.</summary>
    public IReadOnlyList<string> FallbackRegistries { get; init => field = value ?? []; } = [];

    /// <summary>Version or digest of the updater; <c>none</c>: the device's own program; null: the newest one.</summary>
    public string? Updater { get; init; }

    /// <summary>What is said of the policy for this attempt alone; it goes before what is said for its device and for all.</summary>
    public PolicySettings Policy { get; init => field = value ?? new(); } = new();

    /// <summary>Why the device is to run it, for people; at most 500 characters.</summary>
    public string Why { get; init => field = value ?? ""; } = "";
}

/// <summary>POST /api/v1/devices/{uuid}/revert: makes an attempt that takes the device back to the OS in its spare slot, and supersedes an open one.</summary>
public sealed record RevertRequest
{
    /// <summary>Passes over update locks that applications hold, instead of waiting for them.</summary>
    public bool OverrideLocks { get; init; }

    /// <summary>What is said of the policy for this attempt alone.</summary>
    public PolicySettings Policy { get; init => field = value ?? new(); } = new();
}

/// <summary>GET /api/v1/attempts/{id}: one update of one device. <c>?waitSerial=N&amp;seconds=S</c> answers when <see cref="Serial"/> is above N, at the latest after S seconds (at most 60).</summary>
public sealed record AttemptView
{
    /// <summary>32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The device.</summary>
    public required string DeviceUuid { get; init; }

    /// <summary>The release; empty: a revert, which names none.</summary>
    public required string ReleaseId { get; init; }

    /// <summary>It takes the device back to the OS in its spare slot.</summary>
    public bool Revert { get; init; }

    /// <summary>It is not begun before; null: at once. An attempt whose end was <c>inconclusive</c> is tried again after a pause.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Version to get to; of a revert as the device last said, empty when it did not.</summary>
    public required string Version { get; init; }

    /// <summary>Version that ran when the attempt was asked for; empty when unknown.</summary>
    public string FromVersion { get; init => field = value ?? ""; } = "";

    /// <summary>Grows with every change of the attempt, the operator's and the device's.</summary>
    public required long Serial { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>When it ended; null: it is open.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The operator wants it to end.</summary>
    public bool CancelAsked { get; init; }

    /// <summary>The operator wants it to pass over update locks that applications hold.</summary>
    public bool OverrideLocks { get; init; }

    /// <summary>What is said of the policy for this attempt alone.</summary>
    public PolicySettings Policy { get; init => field = value ?? new(); } = new();

    /// <summary>Where it stands: the last report of the device, or one with state <c>queued</c> when there is none.</summary>
    public required AttemptReport Report { get; init; }

    /// <summary>The same as upstream's tools show it; null before the device has begun.</summary>
    public UpstreamProgress? Upstream { get; init; }

    /// <summary>Nothing was heard of the attempt for long; null: it was, or it has ended. Only in the views of one attempt and of devices.</summary>
    public AttemptSilence? Silence { get; init; }

    /// <summary>Every change of state, in order.</summary>
    public IReadOnlyList<AttemptEvent> History { get; init => field = value ?? []; } = [];

    /// <summary>Bytes of log so far, read at GET /api/v1/attempts/{id}/log.</summary>
    public long LogBytes { get; init; }

    /// <summary>What it will cost its device, as far as the server can tell; null: it has ended, or it is a revert. Only in the view of one attempt and in the answer that made it.</summary>
    public IReadOnlyList<EstimatedBytes>? Estimate { get; init; }

    /// <summary>What is found out about it; only at GET /api/v1/attempts/{id}/findings.</summary>
    public AttemptFindings? Findings { get; init; }
}

/// <summary>Bytes that a device will receive for an update, at most: what it has already the server does not know of all.</summary>
/// <param name="Cause">As in the account of an attempt: manifest, updater, delta or registry, supervisor.</param>
/// <param name="Received">Bytes; null: not known beforehand.</param>
public sealed record EstimatedBytes(string Cause, long? Received);

/// <summary>A change of state of an attempt.</summary>
/// <param name="At">When the server learned of it.</param>
/// <param name="State">The new state.</param>
/// <param name="Message">Its sentence; null: none.</param>
public sealed record AttemptEvent(DateTimeOffset At, string State, string? Message);
