using System.Text.Json.Serialization;

namespace Hostup.Core.Wire;

/// <summary>POST /device/v1/register, once per device; authorised by a provisioning key in the Authorization header (Bearer).</summary>
/// <param name="Uuid">32 or 62 lower-case hexadecimal digits, made by the device or given in config.json.</param>
/// <param name="DeviceType">Slug.</param>
/// <param name="Name">Name for people; null: the first seven digits of the uuid.</param>
public sealed record RegisterRequest(string Uuid, string DeviceType, string? Name);

/// <summary>Answer to <see cref="RegisterRequest"/>. The key is shown once and stored hashed.</summary>
/// <param name="Uuid">The device.</param>
/// <param name="DeviceKey">Bearer key of the device for everything from now on.</param>
public sealed record RegisterAnswer(string Uuid, string DeviceKey);

/// <summary>Answer to GET /device/v1/poll (Bearer device key; ETag and If-None-Match, 304 when nothing changed).</summary>
/// <param name="IntervalSeconds">Seconds until the next poll; the device adds up to 10 % jitter.</param>
/// <param name="Target">What the device is to run; null: stay.</param>
public sealed record PollAnswer(int IntervalSeconds, DeviceTarget? Target)
{
    /// <summary>Version of the newest list of trusted keys that the server has; the device fetches what is above its own. Zero: none.</summary>
    public long TrustVersion { get; init; }

    /// <summary>The device is to change its key with POST /device/v1/key.</summary>
    public bool RotateKey { get; init; }
}

/// <summary>Headers by which a device tells its machine from others with the same key; sent with every poll.</summary>
public static class DeviceHeaders
{
    /// <summary>The kernel's random name of this boot.</summary>
    public const string Boot = "Hostup-Boot";

    /// <summary>Serial number and network address of the machine, for people; with the first poll of a boot.</summary>
    public const string Machine = "Hostup-Machine";
}

/// <summary>Answer to POST /device/v1/key. The old key is good until the new one was used, so a lost answer may be asked for again.</summary>
/// <param name="DeviceKey">Bearer key of the device from its next request on.</param>
public sealed record DeviceKeyAnswer(string DeviceKey);

/// <summary>What a device is to do.</summary>
public sealed record DeviceTarget
{
    /// <summary>The attempt that the device reports on; 32 hexadecimal digits.</summary>
    public required string AttemptId { get; init; }

    /// <summary>Version of the release, for people and logs; the signed manifest decides.</summary>
    public required string Version { get; init; }

    /// <summary>Digest of the DSSE envelope of the release manifest, fetched from GET /device/v1/envelopes/{digest}.</summary>
    public required Digest ReleaseEnvelope { get; init; }

    /// <summary>The updater to run; null: the device's own program.</summary>
    public UpdaterArtifact? Updater { get; init; }

    /// <summary>Allows an equal version and sequence.</summary>
    public bool Reinstall { get; init; }

    /// <summary>The operator wants the OS of the spare slot back. Nothing is fetched: the release envelope that is named is the digest of no bytes, so that a program which knows of no revert ends the attempt.</summary>
    public bool Revert { get; init; }

    /// <summary>The operator wants this attempt to end; honoured up to the gate. A device that has not begun it reports it cancelled.</summary>
    public bool Cancel { get; init; }

    /// <summary>The operator wants it to pass over update locks that applications hold, instead of waiting for them.</summary>
    public bool OverrideLocks { get; init; }

    /// <summary>Registries tried after the server's own, as <c>host[:port]</c> or <c>http://host:port</c>; the repository name is the release's.</summary>
    public IReadOnlyList<string> FallbackRegistries { get; init => field = value ?? []; } = [];

    /// <summary>How and when the device may carry it out.</summary>
    public UpdatePolicy Policy { get; init => field = value ?? new(); } = new();
}

/// <summary>A device program that is transferred for an update.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Digest">Digest of the program, fetched from GET /device/v1/updaters/{digest}.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Envelope">Digest of the DSSE envelope that signs version, digest and size, fetched from GET /device/v1/envelopes/{digest}.</param>
public sealed record UpdaterArtifact(string Version, Digest Digest, long Size, Digest Envelope)
{
    /// <summary>Shorter ways to it, each fetched as the program is; null: none is ready.</summary>
    public IReadOnlyList<UpdaterPack>? Packs { get; init; }
}

/// <summary>A delta that gives a device program (docs/delta-format.md), fetched from GET /device/v1/updaters/{digest}.</summary>
/// <param name="From">Digest of the program that it is applied to; null: to none, it is the program packed.</param>
/// <param name="Digest">Digest of the delta.</param>
/// <param name="Bytes">Bytes of the delta.</param>
public sealed record UpdaterPack(Digest? From, Digest Digest, long Bytes);

/// <summary>PUT /device/v1/state: what the device runs; sent when it changed.</summary>
public sealed record DeviceStateReport
{
    /// <summary>OS version that runs.</summary>
    public required string OsVersion { get; init; }

    /// <summary>Version of the device program that is built into the running OS.</summary>
    public required string AgentVersion { get; init; }

    /// <summary>Kernel release of the running OS.</summary>
    public string Kernel { get; init => field = value ?? ""; } = "";

    /// <summary>Where the device's programs run, a .NET runtime identifier; decides which updater it is offered. Empty: linux-x64.</summary>
    public string Platform { get; init => field = value ?? ""; } = "";

    /// <summary>Label of the running slot, for example <c>resin-rootA</c>.</summary>
    public required string RunningSlot { get; init; }

    /// <summary>Identity of both slots.</summary>
    public IReadOnlyList<SlotReport> Slots { get; init => field = value ?? []; } = [];

    /// <summary>Version of the list of trusted keys that the device goes by.</summary>
    public long TrustVersion { get; init; }

    /// <summary>Why the device did not take the server's list of trusted keys; empty: it did.</summary>
    public string TrustFault { get; init => field = value ?? ""; } = "";

    /// <summary>Version of the supervisor that runs; empty: none.</summary>
    public string SupervisorVersion { get; init => field = value ?? ""; } = "";
}

/// <summary>What is on one slot.</summary>
/// <param name="Slot">Label of the slot.</param>
/// <param name="Version">OS version; empty when unknown.</param>
/// <param name="ImageDigest">Image it was written from; null when unknown.</param>
/// <param name="TreeDigest">Tree digest; null when unknown.</param>
public sealed record SlotReport(string Slot, string Version, Digest? ImageDigest, Digest? TreeDigest);

/// <summary>
/// PUT /device/v1/attempts/{id}: where an attempt stands. Reports are absolute, not increments, so each may be lost or repeated;
/// one with a lower <see cref="Serial"/> than the server has is ignored. 200 is answered only after a durable commit.
/// </summary>
public sealed record AttemptReport
{
    /// <summary>Grows with every report of the attempt.</summary>
    public required long Serial { get; init; }

    /// <summary>State as in <see cref="AttemptStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Code of docs/errors.md for failed, refused and rolled-back; else null.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>The sentence for people: what, why, what to do; for rolled-back the cause.</summary>
    public string? Message { get; init; }

    /// <summary>Rolled back: what the kernel of the new OS said last before it died, as firmware kept it, at most 4 KiB; null: nothing is known.</summary>
    public string? KernelMessages { get; init; }

    /// <summary>Where the image came from: delta, registry or fallback; null before that is known.</summary>
    public string? Source { get; init; }

    /// <summary>Bytes of the current step done and in all; zero when the step has none.</summary>
    public long StepBytesDone { get; init; }

    /// <summary>Bytes of the current step in all.</summary>
    public long StepBytesTotal { get; init; }

    /// <summary>Bytes of the current step a second, over the last half minute; zero: unknown.</summary>
    public long StepBytesPerSecond { get; init; }

    /// <summary>How long the current step still takes at that rate; null: unknown.</summary>
    [JsonIgnore]
    public TimeSpan? StepTimeLeft => StepBytesPerSecond > 0 && StepBytesTotal > StepBytesDone ? TimeSpan.FromSeconds((double)(StepBytesTotal - StepBytesDone) / StepBytesPerSecond) : null;

    /// <summary>The update lock that it waits for, the one held longest; null: none.</summary>
    public LockReport? Lock { get; init; }

    /// <summary>Update locks that were passed over because the operator or the owner of the applications wanted it, with who held them.</summary>
    public IReadOnlyList<string> LocksOverridden { get; init => field = value ?? []; } = [];

    /// <summary>Every step so far, in order.</summary>
    public IReadOnlyList<StepReport> Steps { get; init => field = value ?? []; } = [];

    /// <summary>Bytes received and sent so far, by cause.</summary>
    public IReadOnlyList<CauseBytes> Bytes { get; init => field = value ?? []; } = [];

    /// <summary>The operator asked for the same release again, and the device knows it.</summary>
    public bool Reinstall { get; init; }

    /// <summary>Version of the program that carries out the update.</summary>
    public string UpdaterVersion { get; init => field = value ?? ""; } = "";

    /// <summary>Slot that ran when the attempt began, and the slot that runs at its end; labels.</summary>
    public string? SlotBefore { get; init; }

    /// <summary>Slot that runs at the end.</summary>
    public string? SlotAfter { get; init; }
}

/// <summary>One step of an attempt.</summary>
/// <param name="Name">Name as in docs/update-run.md.</param>
/// <param name="State">started, done, undone or failed.</param>
/// <param name="Seconds">Seconds it took, or has taken so far.</param>
public sealed record StepReport(string Name, string State, double Seconds);

/// <summary>Bytes on the wire of one cause.</summary>
/// <param name="Cause">
/// manifest, updater, delta, literal, registry, fallback, retried, supervisor, application, protocol, or unexplained: what the device's interfaces
/// carried beyond all others.
/// </param>
/// <param name="Received">Bytes received.</param>
/// <param name="Sent">Bytes sent.</param>
public sealed record CauseBytes(string Cause, long Received, long Sent);

/// <summary>Answer to an <see cref="AttemptReport"/>.</summary>
/// <param name="Cancel">The operator wants the attempt to end.</param>
public sealed record AttemptAnswer(bool Cancel)
{
    /// <summary>Another attempt is the device's target: this one is to end.</summary>
    public bool Superseded { get; init; }

    /// <summary>The operator wants it to pass over update locks that applications hold.</summary>
    public bool OverrideLocks { get; init; }

    /// <summary>State of the attempt that the server keeps now, durably; empty from a server that does not say.</summary>
    public string State { get; init => field = value ?? ""; } = "";
}

/// <summary>
/// Answer to PUT /device/v1/attempts/{id}/log?offset=N, whose body is UTF-8 text (at most 64 KiB) that begins at byte N of the log.
/// What the server has already is passed over, so a lost answer may be repeated; a gap is refused with <c>conflict</c>.
/// </summary>
/// <param name="LengthBytes">Bytes of log that the server has: the next offset.</param>
/// <param name="Full">The server takes no more (1 MiB per attempt).</param>
public sealed record LogAnswer(long LengthBytes, bool Full);

/// <summary>Error body of the whole API, RFC 9457 with our code and remedy.</summary>
/// <param name="Code">Code of docs/errors.md.</param>
/// <param name="Title">What and why.</param>
/// <param name="Detail">What to do.</param>
public sealed record ApiError(string Code, string Title, string Detail);
