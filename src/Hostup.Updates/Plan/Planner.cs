using System.Security.Cryptography;
using System.Text;
using Hostup.Core.Releases;
using Hostup.Updates.Account;
using Hostup.Updates.Checks;
using Hostup.Updates.Files;
using Hostup.Updates.Slots;
using Hostup.Updates.Steps;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Plan;

/// <summary>Makes the plan of an attempt from what the device is and what it is to become. Touches nothing.</summary>
public static class Planner
{
    private const string Registry = "registry";

    /// <summary>Makes the plan.</summary>
    /// <param name="facts">What the device is; its slots must be known.</param>
    /// <param name="fit">How the release fits it.</param>
    /// <param name="asked">What it is to become.</param>
    /// <param name="request">What else is asked for.</param>
    /// <exception cref="Core.Errors.HostupException"><c>signature</c>, <c>requires</c>: there is no plan for a release that is not believed; <c>slot-layout</c>, <c>same-slot</c>.</exception>
    public static UpdatePlan Make(DeviceFacts facts, ReleaseFit fit, UpdateAsked asked, PlanRequest request)
    {
        if (asked.TrustFault is { } unbelieved)
            throw unbelieved;
        var (running, spare) = (facts.Running, facts.Spare);
        if (running is null || spare is null)
            throw facts.SlotFault ?? throw new InvalidOperationException("bug: no slots and no reason");
        var release = asked.Release;
        var rests = PlanFact.Of(facts, release, request);
        return new UpdatePlan
        {
            AttemptId = request.AttemptId,
            FromVersion = facts.OsVersion,
            ToVersion = release.Version,
            Manifest = request.Manifest,
            FromSlot = running.Label,
            FromPartition = running.PartitionNumber,
            ToSlot = spare.Label,
            ToPartition = spare.PartitionNumber,
            FileSystem = FileSystemOf(request.AttemptId),
            Reinstall = asked.Reinstall,
            OverrideLocks = request.OverrideLocks,
            Updater = request.Updater,
            UpdaterVersion = request.UpdaterVersion,
            Steps = Steps(facts, fit, release, running, spare, request.OverrideLocks),
            FallbackRegistries = request.FallbackRegistries,
            FetchedBefore = request.Fetched,
            UpdaterBytesMissing = asked.UpdaterBytesMissing,
            Lost = Lost(facts, fit, release),
            PointOfNoReturn = SwitchBoot.StepName,
            Facts = rests,
            FactsDigest = PlanFact.DigestOf(rests),
            Estimate = Estimate(facts, fit, asked, request),
            Policy = request.Policy,
        };
    }

    private static IReadOnlyList<PlannedStep> Steps(DeviceFacts facts, ReleaseFit fit, ReleaseManifest release, Slot running, Slot spare, bool overrideLocks) =>
    [
        new("check-device", "checks the device; changes nothing", "nothing to undo", 0),
        new("stop-supervisor", "stops the supervisor and its timer; user containers go on", "starts them again", 0),
        fit.SpareHoldsIt
            ? new("write-slot", $"reads {spare.Label} back, which holds {release.Version}; formats and writes it anew if it does not", "none needed: the slot is not used", 0)
            : new("write-slot", $"formats {spare.Label} ({spare.Device}) and writes {new ByteCount(release.Root.ContentBytes)} in {release.Root.Entries} entries, then reads it back{BegunAnew(release)}", "none needed: the slot is not used", Has(fit)?.Bytes ?? release.Image.DownloadBytes),
        new("fetch-supervisor", BringsSupervisor(facts, release) ? $"pulls supervisor {release.Supervisor!.Version}; a failure is a warning" : "nothing to fetch: the release brings no newer supervisor", "none needed", 0),
        new("gate", overrideLocks ? "takes the applications' update locks, passing over those that are held; checks the device again" : "takes the applications' update locks, checks the device again", "releases the locks", 0),
        new("write-boot-files", fit.Boot.Changes == 0 ? "nothing to write: the boot files are the same" : $"replaces, adds or removes {fit.Boot.Changes} boot files of {release.BootFiles.Count} in the release; kept-back ones stay", "restores what it touched", 0),
        .. Areas(release),
        .. Hooks(release.Hooks),
        new(SwitchBoot.StepName, facts.FallsBack ? $"the next boot is a trial of {spare.Label}" : $"the next boot starts {spare.Label}; this boot loader knows no trial", $"boots {running.Label} again", 0),
        new("reboot", facts.FallsBack ? $"reboots; unhealthy or unbootable, the device comes back{(facts.HasWatchdog ? "" : "; hung, it needs a power cycle first: it has no watchdog")}" : "reboots; unhealthy, the device comes back; an OS that does not reach user space needs a hand at the device", "rollback", 0),
    ];

    private static string BegunAnew(ReleaseManifest release) => release.Image.BytesBegunAnew is > 0 and var bytes
        ? $"; {new ByteCount(bytes)} are in layers that are not framed: a download that breaks off begins such a layer anew"
        : "";

    // Most releases have none, and their plan says nothing of them.
    private static IEnumerable<PlannedStep> Areas(ReleaseManifest release) => release.BootAreas is [] ? [] : [new(
        "write-boot-areas",
        "writes, where it differs, " + string.Join("; ", release.BootAreas.Select(a => $"{a.Name} at {string.Join(" and ", a.Copies)}{(a.SingleCopy ? ", of which the board has one copy: A POWER CUT IN THIS MOMENT LEAVES A DEVICE THAT DOES NOT START" : "")}")),
        "writes what was there", 0)];

    internal static IEnumerable<PlannedStep> Hooks(IReadOnlyList<string> hooks) => hooks.Where(h => HookFolder.In([h], HookStage.Commit) is []).ToList() is { Count: > 0 } now
        ? [new(RunHooks.StepName, $"runs the release's hooks: {string.Join(", ", now)}", "runs those of the OS that runs", 0)]
        : [];

    private static string Lost(DeviceFacts facts, ReleaseFit fit, ReleaseManifest release) => (facts, fit) switch
    {
        (_, { SpareHoldsIt: true }) => $"nothing: {facts.Spare!.Label} holds {release.Version} already",
        ({ SpareVersion.Length: > 0 }, _) => $"{facts.SpareVersion} on {facts.Spare!.Label}",
        ({ SpareFileSystem: null }, _) => $"nothing: {facts.Spare!.Label} has no file system",
        _ => $"an unknown system on {facts.Spare!.Label} (file system {facts.SpareFileSystem})",
    };

    private static PlanEstimate Estimate(DeviceFacts facts, ReleaseFit fit, UpdateAsked asked, PlanRequest request) => new()
    {
        Sources = Sources(fit, asked.Release),
        Bytes = [.. request.Fetched.Select(f => new PlannedBytes(f.Cause, f.Received, Fetched: true)), .. Downloads(facts, fit, asked)],
        Space =
        [
            new(facts.Spare!.Label, asked.Release.Root.SpaceOn(facts.Spare.SizeBytes) ?? asked.Release.Root.SpaceBytes, facts.Spare.SizeBytes),
            new(Places.Boot, fit.Boot.Bytes, facts.BootFree),
            new(Places.State, DeviceChecks.StateNeeded.Bytes, facts.StateFree),
            new(Places.Data, asked.UpdaterBytesMissing * 2, facts.DataFree),
        ],
        BytesPerSecond = Rate(fit, request)?.BytesPerSecond,
        RateFrom = request.Rate?.From ?? "",
    };

    // One that was measured holds for what comes in the same way.
    private static LinkRate? Rate(ReleaseFit fit, PlanRequest request) =>
        request.Rate is { OfDelta: { } ofDelta } && ofDelta != (Has(fit)?.Source == AttemptAccount.DeltaCause) ? null : request.Rate;

    // check-device asks the source for the image once more, at the price of the question that was just asked.
    private static IEnumerable<PlannedBytes> Downloads(DeviceFacts facts, ReleaseFit fit, UpdateAsked asked)
    {
        var release = asked.Release;
        if (asked.UpdaterBytesMissing > 0)
            yield return new("updater", asked.UpdaterBytesMissing, Fetched: false);
        var has = Has(fit);
        yield return new(has?.Source ?? Registry, fit.SpareHoldsIt ? 0 : (has?.Bytes ?? release.Image.DownloadBytes) + (has?.Received ?? 0), Fetched: false);
        if (BringsSupervisor(facts, release))
            yield return new("supervisor", fit.EngineHasSupervisor ? 0 : release.Supervisor!.DownloadBytes, Fetched: false);
    }

    private static SourceAnswer? Has(ReleaseFit fit) => fit.Sources?.FirstOrDefault(s => s.Fault is null);

    // Plans of devices that have nobody to ask for deltas say nothing of them. What lies behind a delta is not asked; it has the whole image, or fails.
    private static List<PlannedSource>? Sources(ReleaseFit fit, ReleaseManifest release)
    {
        if (fit.Sources is not { } answers || answers.All(a => a.Source != AttemptAccount.DeltaCause))
            return null;
        var sources = answers.Select(a => new PlannedSource(a.Source, a.Fault is null ? a.Bytes : null, a.Fault?.Why)).ToList();
        if (Has(fit)?.Source == AttemptAccount.DeltaCause)
            sources.Add(new PlannedSource(Registry, release.Image.DownloadBytes, null));
        return sources;
    }

    private static bool BringsSupervisor(DeviceFacts facts, ReleaseManifest release) =>
        facts.SupervisorVersion is { } version && SupervisorDecision.Brings(version, release.Supervisor);

    // RFC 9562 version 8: our own derivation, so that a resumed run knows its own file system.
    private static Guid FileSystemOf(string attemptId)
    {
        byte[] bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"hostup spare {attemptId}"))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
