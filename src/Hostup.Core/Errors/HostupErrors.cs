using static Hostup.Core.Errors.HostupErrorKind;

namespace Hostup.Core.Errors;

/// <summary>Every error code of the product. Each has a row in docs/errors.md and keeps its id for ever.</summary>
public static class HostupErrors
{
    // ---- words and files that people hand to us
    /// <summary>The command line cannot be understood.</summary>
    public static readonly HostupErrorCode Usage = new("usage", HostupErrorKind.Usage);
    /// <summary>A version, digest, device type or other value is malformed.</summary>
    public static readonly HostupErrorCode BadValue = new("bad-value", HostupErrorKind.Usage);
    /// <summary>A configuration file is missing or malformed.</summary>
    public static readonly HostupErrorCode BadConfig = new("bad-config", Refused);

    // ---- images and registries
    /// <summary>An OCI layout, docker archive, manifest or layer is malformed.</summary>
    public static readonly HostupErrorCode BadImage = new("bad-image", Failed);
    /// <summary>Content does not have the digest by which it was asked for.</summary>
    public static readonly HostupErrorCode DigestMismatch = new("digest-mismatch", Failed);
    /// <summary>The registry or server does not have what was asked for.</summary>
    public static readonly HostupErrorCode NotFound = new("not-found", Failed);
    /// <summary>The registry or server refuses our credentials.</summary>
    public static readonly HostupErrorCode Unauthorized = new("unauthorized", Failed);
    /// <summary>The link broke or the host cannot be reached.</summary>
    public static readonly HostupErrorCode Link = new("link", Transient);
    /// <summary>The server answered that it cannot serve now (429, 5xx).</summary>
    public static readonly HostupErrorCode ServerBusy = new("server-busy", Transient);

    /// <summary>The registry answered what the distribution specification does not allow, or refuses the request itself.</summary>
    public static readonly HostupErrorCode RegistryAnswer = new("registry-answer", Failed);

    /// <summary>The attempt has received as many bytes as its policy allows.</summary>
    public static readonly HostupErrorCode ByteBudget = new("byte-budget", Refused);

    /// <summary>The policy lets nothing be fetched now.</summary>
    public static readonly HostupErrorCode Held = new("held", Transient);

    // ---- deltas
    /// <summary>A delta is malformed, damaged or of a version that this program does not know.</summary>
    public static readonly HostupErrorCode BadDelta = new("bad-delta", Failed);
    /// <summary>The tree that a delta is applied to is not the one that it was built from.</summary>
    public static readonly HostupErrorCode DeltaOld = new("delta-old", Failed);
    /// <summary>The server offers no delta from what the device runs to its target, and builds none.</summary>
    public static readonly HostupErrorCode NoDelta = new("no-delta", Failed);

    // ---- trust
    /// <summary>A signature is missing, wrong, by an unknown key or by a key of another role.</summary>
    public static readonly HostupErrorCode Signature = new("signature", Refused);
    /// <summary>A list of trusted keys is not newer than the device's own, or older than one that the device had.</summary>
    public static readonly HostupErrorCode TrustList = new("trust-list", Refused);
    /// <summary>The release's time is over.</summary>
    public static readonly HostupErrorCode Expired = new("expired", Refused);
    /// <summary>The manifest requires a feature that this program does not know.</summary>
    public static readonly HostupErrorCode Requires = new("requires", Refused);
    /// <summary>The release needs a newer updater than this program.</summary>
    public static readonly HostupErrorCode UpdaterTooOld = new("updater-too-old", Refused);

    // ---- check-device
    /// <summary>The running OS version cannot be updated on this path.</summary>
    public static readonly HostupErrorCode OsVersion = new("os-version", Refused);
    /// <summary>The release is for another device type.</summary>
    public static readonly HostupErrorCode DeviceType = new("device-type", Refused);
    /// <summary>The release is not newer than what runs.</summary>
    public static readonly HostupErrorCode NotNewer = new("not-newer", Refused);
    /// <summary>The running and the spare slot are the same device.</summary>
    public static readonly HostupErrorCode SameSlot = new("same-slot", Refused);
    /// <summary>The layout of the disk is not one that can be updated.</summary>
    public static readonly HostupErrorCode SlotLayout = new("slot-layout", Refused);
    /// <summary>The target's root does not fit the spare slot.</summary>
    public static readonly HostupErrorCode RootSpace = new("root-space", Refused);
    /// <summary>The boot partition is too small for old and new files together.</summary>
    public static readonly HostupErrorCode BootSpace = new("boot-space", Refused);
    /// <summary>FAT cannot hold the names of the release's boot files side by side.</summary>
    public static readonly HostupErrorCode BootNames = new("boot-names", Refused);
    /// <summary>A boot loader that chooses files by slot might find none for the OS that runs.</summary>
    public static readonly HostupErrorCode BootSlot = new("boot-slot", Refused);
    /// <summary>The state partition has less than 2 MiB free.</summary>
    public static readonly HostupErrorCode StateSpace = new("state-space", Refused);
    /// <summary>The data partition has not enough space.</summary>
    public static readonly HostupErrorCode DataSpace = new("space-data", Refused);
    /// <summary>A trial of an earlier update has no verdict yet.</summary>
    public static readonly HostupErrorCode TrialPending = new("trial-pending", Refused);
    /// <summary>The release was rolled back on this device before.</summary>
    public static readonly HostupErrorCode KnownBad = new("known-bad", Refused);
    /// <summary>The clock is before the newest time that this device has proof of.</summary>
    public static readonly HostupErrorCode Clock = new("clock", Refused);
    /// <summary>The container engine does not answer.</summary>
    public static readonly HostupErrorCode Engine = new("engine", Refused);
    /// <summary>The boot environment cannot be read.</summary>
    public static readonly HostupErrorCode BootEnvironment = new("boot-environment", Refused);
    /// <summary>The file system cannot be made with the features the manifest names.</summary>
    public static readonly HostupErrorCode Mkfs = new("mkfs", Refused);
    /// <summary>No source has the image of the release.</summary>
    public static readonly HostupErrorCode ImageMissing = new("image-missing", Refused);
    /// <summary>The device runs on a battery that may not last.</summary>
    public static readonly HostupErrorCode PowerSupply = new("power-supply", Refused);
    /// <summary>The engine of the release cannot open what the engine has stored.</summary>
    public static readonly HostupErrorCode EngineStore = new("engine-store", Refused);
    /// <summary>Another update is running on the device.</summary>
    public static readonly HostupErrorCode UpdateRunning = new("update-running", Refused);
    /// <summary>The spare slot holds no OS that can be gone back to.</summary>
    public static readonly HostupErrorCode OldOs = new("old-os", Refused);
    /// <summary>The device is not what the plan was made for.</summary>
    public static readonly HostupErrorCode PlanStale = new("plan-stale", Transient);

    /// <summary>The device cannot go by the policy of the update.</summary>
    public static readonly HostupErrorCode Policy = new("policy", Refused);

    // ---- steps
    /// <summary>The slot does not read back as the manifest says.</summary>
    public static readonly HostupErrorCode SlotMismatch = new("slot-mismatch", Failed);
    /// <summary>Writing the spare slot failed.</summary>
    public static readonly HostupErrorCode SlotWrite = new("slot-write", Failed);
    /// <summary>No source of the image worked.</summary>
    public static readonly HostupErrorCode AllSources = new("all-sources", Failed);
    /// <summary>The supervisor cannot be stopped or started.</summary>
    public static readonly HostupErrorCode Supervisor = new("supervisor", Failed);
    /// <summary>The boot files cannot be written.</summary>
    public static readonly HostupErrorCode BootFiles = new("boot-files", Failed);
    /// <summary>The raw areas of the release's boot loader do not fit the device.</summary>
    public static readonly HostupErrorCode BootAreas = new("boot-areas", Refused);
    /// <summary>A hook of the release failed.</summary>
    public static readonly HostupErrorCode Hook = new("hook", Failed);
    /// <summary>The boot settings cannot be switched.</summary>
    public static readonly HostupErrorCode SwitchBoot = new("switch-boot", Failed);
    /// <summary>The boot loader came back to the old slot.</summary>
    public static readonly HostupErrorCode RolledBackAltboot = new("rollback-altboot", Failed);
    /// <summary>The new OS failed its health checks.</summary>
    public static readonly HostupErrorCode RolledBackHealth = new("rollback-health", Failed);
    /// <summary>The old OS fails the same health check: nothing is known of the new one.</summary>
    public static readonly HostupErrorCode Inconclusive = new("inconclusive", Failed);
    /// <summary>The attempt was cancelled by the operator.</summary>
    public static readonly HostupErrorCode Cancelled = new("cancelled", Refused);
    /// <summary>A newer attempt took the place of this one.</summary>
    public static readonly HostupErrorCode Superseded = new("superseded", Refused);
    /// <summary>The run resumed five times without progress.</summary>
    public static readonly HostupErrorCode NoProgress = new("no-progress", Failed);
    /// <summary>A file on the state partition cannot be read.</summary>
    public static readonly HostupErrorCode Journal = new("journal", Failed);
    /// <summary>A file of the device cannot be read or written.</summary>
    public static readonly HostupErrorCode Medium = new("medium", Failed);
    /// <summary>An external program failed.</summary>
    public static readonly HostupErrorCode Program = new("program", Failed);

    // ---- server
    /// <summary>The request is well-formed but cannot be done in this state.</summary>
    public static readonly HostupErrorCode Conflict = new("conflict", Refused);

    /// <summary>Two machines use the identity of one device.</summary>
    public static readonly HostupErrorCode Cloned = new("cloned", Refused);
    /// <summary>The credentials are good but do not allow this.</summary>
    public static readonly HostupErrorCode Forbidden = new("forbidden", Refused);
    /// <summary>The body of the request is larger than the server takes.</summary>
    public static readonly HostupErrorCode TooLarge = new("too-large", HostupErrorKind.Usage);
    /// <summary>The caller has sent too many requests, or too many wrong credentials.</summary>
    public static readonly HostupErrorCode TooMany = new("too-many", Transient);
    /// <summary>The release was invalidated by the operator.</summary>
    public static readonly HostupErrorCode Invalidated = new("invalidated", Refused);
    /// <summary>The program met a state that it held impossible.</summary>
    public static readonly HostupErrorCode Bug = new("bug", Failed);

    // ---- lab
    /// <summary>The lab lacks a tool or a virtual device does not answer.</summary>
    public static readonly HostupErrorCode Lab = new("lab", Failed);

    /// <summary>All codes, for the test that compares them with docs/errors.md.</summary>
    public static IReadOnlyList<HostupErrorCode> All { get; } =
        [.. typeof(HostupErrors).GetFields().Where(f => f.FieldType == typeof(HostupErrorCode)).Select(f => (HostupErrorCode)f.GetValue(null)!)];
}
