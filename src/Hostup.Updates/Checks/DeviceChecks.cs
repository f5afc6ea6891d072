using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Versions;
using Hostup.Core.Wire;
using Hostup.Updates.Account;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Checks;

/// <summary>Everything that is looked at before a device is touched. Each check has a name, says what it saw and what to do.</summary>
public static class DeviceChecks
{
    /// <summary>Free space on the state partition: plan, manifest, envelope and journal with their temporary files, and the supervisor's database copy.</summary>
    public static readonly ByteCount StateNeeded = ByteCount.FromMiB(2);

    // as the updater store has it: an updater goes to memory when the data partition is full
    private static readonly ByteCount MemoryForUpdater = ByteCount.FromMiB(64);

    // A row whose question makes no sense because of another row that refuses.
    private const string NotJudged = "not judged: see the check that refuses";

    /// <summary>Runs every check; none is left out because another one failed.</summary>
    /// <param name="facts">What the device is.</param>
    /// <param name="fit">How the release fits it.</param>
    /// <param name="asked">What it is to become.</param>
    public static IReadOnlyList<CheckResult> Evaluate(DeviceFacts facts, ReleaseFit fit, UpdateAsked asked) =>
    [
        OtherUpdate(facts),
        .. Trust(asked.TrustFault, asked, facts.Clock),
        .. Slots(facts),
        OsVersionServed(facts, asked.Release),
        DeviceTypeCheck.Evaluate(facts, asked.Release),
        Newer(facts, asked.Release, asked.Reinstall),
        DataSpace(facts, asked),
        Check(HostupErrors.UpdaterTooOld, IsNewEnough(asked),
            $"updater {asked.UpdaterVersion}, at least {asked.Release.UpdaterMinimum} needed", "publish a newer updater on the server"),
        NotKnownBad(facts, asked),
        BootEnvironment(facts),
        TrialPending(facts),
        Clock(facts.Clock.With(asked.Release.SignedAt)),
        PowerCheck.Evaluate(facts.Supplies),
        PolicyCheck.Evaluate(asked.Policy),
        RootSpace(facts, asked.Release),
        Check(HostupErrors.Mkfs, fit.FormatFault is null, fit.FormatFault ?? (asked.IsBelieved ? $"mke2fs knows {string.Join(", ", asked.Release.Root.Ext4Features)}" : NotJudged), "install an mke2fs that knows the release's features, or sign the release with fewer"),
        .. BootAreas(fit, asked.Release),
        .. BootSlot(asked.Release.BootFiles, fit.BootSlotFault),
        Check(HostupErrors.BootNames, fit.BootNameFault is null, fit.BootNameFault ?? "FAT holds every name", FatNames.Remedy),
        BootSpace(facts, fit.Boot),
        StateSpace(facts.StateFree),
        Engine(facts),
        EngineStore(facts, asked.Release),
        Image(fit, asked),
    ];

    /// <summary>The same rows for a document in which no release can be read: what depends on one is not judged.</summary>
    /// <param name="facts">What the device is.</param>
    /// <param name="policy">How and when the update is to be carried out.</param>
    /// <param name="fault">Why the document is not believed.</param>
    public static IReadOnlyList<CheckResult> EvaluateUnread(DeviceFacts facts, UpdatePolicy policy, HostupException fault) =>
    [
        OtherUpdate(facts),
        .. Trust(fault, null, facts.Clock),
        .. Slots(facts),
        Open(HostupErrors.OsVersion),
        Open(HostupErrors.DeviceType),
        Open(HostupErrors.NotNewer),
        Open(HostupErrors.DataSpace),
        Open(HostupErrors.UpdaterTooOld),
        Open(HostupErrors.KnownBad),
        BootEnvironment(facts),
        TrialPending(facts),
        Clock(facts.Clock),
        PowerCheck.Evaluate(facts.Supplies),
        PolicyCheck.Evaluate(policy),
        Open(HostupErrors.RootSpace),
        Open(HostupErrors.Mkfs),
        Open(HostupErrors.BootSlot),
        Open(HostupErrors.BootNames),
        Open(HostupErrors.BootSpace),
        StateSpace(facts.StateFree),
        Engine(facts),
        Open(HostupErrors.EngineStore),
        Open(HostupErrors.ImageMissing),
    ];

    /// <summary>What refuses an update, worst first: what will not pass by waiting before what may; null: every check passed.</summary>
    public static CheckResult? Worst(IReadOnlyList<CheckResult> checks)
    {
        var failed = checks.Where(c => !c.Passed).ToList();
        return failed.Find(f => f.Code.Kind != HostupErrorKind.Transient) ?? failed.FirstOrDefault();
    }

    /// <summary>
    /// Runs every check and refuses with the first that did not pass for good, naming them all. What may pass later is told and left to the
    /// step that needs it: after a power cut an update goes on before the network is there.
    /// </summary>
    /// <param name="update">The update.</param>
    /// <param name="sources">Where the image can come from; null when the spare slot is written already.</param>
    /// <param name="ct">Ends the questions to the sources.</param>
    /// <exception cref="HostupException">The code of that check.</exception>
    public static async ValueTask RequireAsync(StepContext update, IReadOnlyList<IHostAppSource>? sources, CancellationToken ct)
    {
        var facts = await DeviceFacts.ReadAsync(update.Device, ct).ConfigureAwait(false);
        var checks = update.Plan.Revert ? await RevertChecks.EvaluateAsync(update, facts, ct).ConfigureAwait(false) : await EvaluateAsync(update, facts, sources, ct).ConfigureAwait(false);
        string failed = string.Join("; ", checks.Where(c => !c.Passed).Select(c => $"{c.Name}: {c.Saw}"));
        if (Worst(checks) is not { } worst)
            return;
        if (worst.Code.Kind != HostupErrorKind.Transient)
            throw new HostupException(worst.Code, $"cannot {(update.Plan.Revert ? "go back" : "update")} to {update.Release.Version}", failed, worst.Remedy);
        update.Progress.Report(AttemptStates.Checking, 0, 0, $"goes on without an answer to {failed}");
    }

    private static async ValueTask<IReadOnlyList<CheckResult>> EvaluateAsync(StepContext update, DeviceFacts facts, IReadOnlyList<IHostAppSource>? sources, CancellationToken ct)
    {
        var asked = UpdateAsked.By(update.Device, update.Plan, update.Release);
        return Evaluate(facts, await ReleaseFit.ReadAsync(update.Device, asked, sources, ct).ConfigureAwait(false), asked);
    }

    /// <summary>Refuses an update before it has a journal: a state partition without room takes none, and nobody would hear why.</summary>
    /// <exception cref="HostupException"><c>state-space</c>.</exception>
    public static void RequireStateSpace(IFiles files)
    {
        if (StateSpace(DeviceFacts.Free(files, Places.State)) is { Passed: false } full)
            throw new HostupException(full.Code, "cannot begin the update", full.Saw, full.Remedy);
    }

    // What the release requires and how long it holds is judged after its signature; every other fault means that it is not believed.
    private static IEnumerable<CheckResult> Trust(HostupException? fault, UpdateAsked? asked, ClockReading clock)
    {
        var unknown = fault?.Code == HostupErrors.Requires ? fault : null;
        var expired = fault?.Code == HostupErrors.Expired ? fault : null;
        var unbelieved = unknown is null && expired is null ? fault : null;
        string good = asked?.IsEnvelopeGone == true ? "not kept: the program that began the attempt believed it and keeps no signatures" : "signed by keys of role release that this OS trusts";
        yield return new(HostupErrors.Signature.Id, unbelieved?.Code ?? HostupErrors.Signature, unbelieved is null, unbelieved?.Why ?? good, unbelieved?.WhatToDo ?? "");
        yield return Check(HostupErrors.Requires, unknown is null, unknown?.Why ?? (unbelieved is null ? "nothing that this program does not know" : NotJudged), unknown?.WhatToDo ?? "");
        yield return Check(HostupErrors.Expired, expired is null, expired?.Why ?? (fault is not null || asked is null ? NotJudged : Expiry(asked, clock)), expired?.WhatToDo ?? "");
    }

    private static string Expiry(UpdateAsked asked, ClockReading clock) => asked.Release.Expires is not { } end ? "it does not expire"
        : FormattableString.Invariant($"may be installed until {end:yyyy-MM-dd HH:mm:ss}Z") + (clock.Now < end ? ""
            : asked.IsEnvelopeGone ? "; that is over, and the attempt was begun before" : "; the clock shows a later time, but nobody has set it");

    internal static CheckResult OtherUpdate(DeviceFacts facts) =>
        Check(HostupErrors.UpdateRunning, facts.OtherUpdate is null, facts.OtherUpdate ?? "no other update runs", "wait for its end: `hostup-device status`");

    internal static CheckResult StateSpace(long free) => Check(
        HostupErrors.StateSpace, free >= StateNeeded.Bytes, $"{new ByteCount(free)} free on {Places.State}, {StateNeeded} needed", $"remove files from {Places.State} that are not the OS's");

    private static CheckResult Engine(DeviceFacts facts) =>
        Check(HostupErrors.Engine, facts.EngineAnswers, facts.EngineAnswers ? "answers" : "does not answer", "restart the container engine on the device");

    private static CheckResult Open(HostupErrorCode code) => Check(code, true, NotJudged, "");

    internal static IEnumerable<CheckResult> Slots(DeviceFacts facts)
    {
        var same = facts.SlotFault?.Code == HostupErrors.SameSlot ? facts.SlotFault : null;
        var layout = same is null ? facts.SlotFault : null;
        yield return Check(HostupErrors.SlotLayout, layout is null && !facts.ContainerStoreLayout,
            facts.ContainerStoreLayout ? "the container-store layout (hostapps/)" : layout?.Why ?? (same is null ? "two root partitions" : NotJudged),
            facts.ContainerStoreLayout ? "this layout is not served yet; update it with the tool of its maker" : layout?.WhatToDo ?? "");
        yield return Check(HostupErrors.SameSlot, same is null,
            same?.Why ?? (facts is { Running: { } running, Spare: { } spare } ? $"running {running.Label} on {running.Device}, spare {spare.Label} on {spare.Device}" : NotJudged), same?.WhatToDo ?? "");
    }

    private static CheckResult OsVersionServed(DeviceFacts facts, ReleaseManifest release)
    {
        bool known = OsVersion.TryParse(facts.OsVersion, out var version) && version!.Major >= 2;
        string? stone = known ? release.StoneAfter(facts.OsVersion) : null;
        return Check(HostupErrors.OsVersion, known && stone is null,
            $"running OS version {Named(facts.OsVersion)}{(stone is null ? "" : $"; {release.Version} is reached through {stone}")}",
            stone is null ? "this path updates OS versions from 2.0.0 on" : $"update to {stone} first");
    }

    private static CheckResult Newer(DeviceFacts facts, ReleaseManifest release, bool reinstall)
    {
        int order = OsVersion.TextOrder.Compare(release.Version, facts.OsVersion);
        bool good = (release.Sequence > facts.HighestSequence || (reinstall && release.Sequence == facts.HighestSequence)) && (order > 0 || (reinstall && order == 0));
        string again = reinstall && order == 0 ? ", the operator asked to install it again" : "";
        return Check(HostupErrors.NotNewer, good, $"running {Named(facts.OsVersion)}, target {release.Version}, sequence {release.Sequence}, highest committed {facts.HighestSequence}{again}", "choose a newer release, or the same one with --reinstall");
    }

    // Nothing of an update must lie on the data partition but an updater that is still to come.
    private static CheckResult DataSpace(DeviceFacts facts, UpdateAsked asked)
    {
        long needed = asked.UpdaterBytesMissing * 2;
        bool room = facts.DataFree > needed || facts.MemoryFree > MemoryForUpdater.Bytes;
        string free = $"{new ByteCount(facts.DataFree)} free on {Places.Data}";
        string saw = needed == 0 ? $"{free}; the update keeps nothing there that it needs"
            : $"{free}, {new ByteCount(needed)} needed for the updater; {new ByteCount(facts.MemoryFree)} free in memory, else {MemoryForUpdater} there";
        return Check(HostupErrors.DataSpace, needed == 0 || room || IsNewEnough(asked), saw, $"remove files from {Places.Data}, or containers and images that are not used");
    }

    private static bool IsNewEnough(UpdateAsked asked) => OsVersion.TextOrder.Compare(asked.UpdaterVersion, asked.Release.UpdaterMinimum) >= 0;

    private static CheckResult NotKnownBad(DeviceFacts facts, UpdateAsked asked)
    {
        bool bad = facts.KnownBad.Contains(asked.Release.Image.Digest.ToString());
        return Check(HostupErrors.KnownBad, asked.Reinstall || !bad, bad ? "this image was rolled back here before" : "not rolled back here before", "start the update with --reinstall to try it again");
    }

    internal static CheckResult BootEnvironment(DeviceFacts facts) => Check(
        HostupErrors.BootEnvironment, facts.BootFault is null, facts.BootFault?.Why ?? $"boots partition {facts.Boot?.RootPartition}", facts.BootFault?.WhatToDo ?? "");

    internal static CheckResult TrialPending(DeviceFacts facts)
    {
        bool elsewhere = facts is { Boot: { UpgradeAvailable: false } boot, Running: { } running } && boot.RootPartition != running.PartitionNumber;
        return Check(HostupErrors.TrialPending, !facts.TrialPending,
            !facts.TrialPending ? "none on trial" : elsewhere ? $"partition {facts.Boot!.Value.RootPartition} boots next, but partition {facts.Running!.PartitionNumber} runs" : "an OS is on trial",
            elsewhere ? "reboot the device, so that the boot loader and the OS agree again" : "wait for the verdict of the trial, at most the time of the release's health checks");
    }

    private static CheckResult Clock(ClockReading clock) => Check(
        HostupErrors.Clock, clock.IsPlausible, FormattableString.Invariant($"{clock.Now:yyyy-MM-dd HH:mm:ss}Z, {(clock.IsSynchronised ? "synchronised" : "not synchronised")}; not before {clock.Floor:yyyy-MM-dd HH:mm:ss}Z ({clock.FloorFrom})"), "let the device synchronise its clock, or set it: `date --utc --set`");

    private static CheckResult RootSpace(DeviceFacts facts, ReleaseManifest release)
    {
        if (facts.Spare is not { SizeBytes: var size })
            return Open(HostupErrors.RootSpace);
        long? needed = release.Root.SpaceOn(size);
        return Check(HostupErrors.RootSpace, size >= needed,
            needed is { } bytes ? $"{new ByteCount(size)} on the spare slot, {new ByteCount(bytes)} needed" : $"{release.Root.Entries} entries, {release.Root.InodesOn(size)} inodes on the spare slot at most",
            "choose a smaller release; a slot cannot grow");
    }

    // Asked only of a release that has areas.
    private static IEnumerable<CheckResult> BootAreas(ReleaseFit fit, ReleaseManifest release) => release.BootAreas is [] ? [] :
        [Check(HostupErrors.BootAreas, fit.BootAreaFault is null, fit.BootAreaFault ?? string.Join(", ", release.BootAreas.Select(a => $"{a.Name} at {string.Join(" and ", a.Copies)}")), "sign the release with the places of this board's boot loader, or without raw areas")];

    // Asked only of a set that has files of one slot.
    internal static IEnumerable<CheckResult> BootSlot(IReadOnlyList<BootFile> set, string? fault) => !SlotBootFiles.AreIn(set.Select(f => f.Path)) ? [] :
        [Check(HostupErrors.BootSlot, fault is null, fault ?? "the boot loader can come back to the OS that runs", SlotBootFiles.Remedy)];

    internal static CheckResult BootSpace(DeviceFacts facts, BootFilesNeed need) => Check(
        HostupErrors.BootSpace, need.Changes == 0 || facts.BootFree >= need.Bytes,
        need.Changes == 0 ? "the boot files are the same: nothing is staged" : $"{new ByteCount(facts.BootFree)} free on {Places.Boot}, {new ByteCount(need.Bytes)} needed to stage {need.Changes} files beside the old ones",
        "remove files from the boot partition that are not the OS's");

    private static CheckResult EngineStore(DeviceFacts facts, ReleaseManifest release)
    {
        string served = string.Join(", ", release.EngineStores);
        bool good = release.EngineStores is [] || facts.StorageDriver is null || release.EngineStores.Contains(facts.StorageDriver);
        string saw = release.EngineStores is [] ? $"store of driver {facts.StorageDriver ?? "unknown"}; the release names none"
            : $"store of driver {facts.StorageDriver ?? "unknown"}, the release opens {served}";
        return Check(HostupErrors.EngineStore, good, saw, "update through a release whose engine opens this store, or move the device's containers to another driver");
    }

    private static CheckResult Image(ReleaseFit fit, UpdateAsked asked)
    {
        var release = asked.Release;
        if (!asked.IsBelieved)
            return Open(HostupErrors.ImageMissing);
        if (fit.Sources is not { } answers)
            return Check(HostupErrors.ImageMissing, true, fit.SpareHoldsIt ? "not asked for: the spare slot holds it" : "not asked for: it is written", "");
        if (answers.FirstOrDefault(a => a.Fault is null) is { } has)
            return Check(HostupErrors.ImageMissing, true, string.Join("; ", answers.Where(a => a is { Source: AttemptAccount.DeltaCause, Fault: not null }).Select(a => $"no delta: {a.Fault!.Why}").Append(Has(has, release))), "");
        // As long as one could not be reached, nobody knows that the image is nowhere.
        var unreached = answers.FirstOrDefault(a => a.Fault!.Code.Kind == HostupErrorKind.Transient)?.Fault;
        var spent = answers.FirstOrDefault(a => a.Fault!.Code == HostupErrors.ByteBudget)?.Fault;
        string saw = answers is [] ? "no source is configured" : string.Join("; ", answers.Select(a => $"{a.Source}: {a.Fault!.Why}"));
        return new CheckResult(HostupErrors.ImageMissing.Id, spent?.Code ?? unreached?.Code ?? HostupErrors.ImageMissing, false, saw,
            spent is not null ? spent.WhatToDo : unreached is null ? "push the image to the server, or name a fallback registry that has it" : "make the server or a fallback registry reachable, then start the update again");
    }

    private static string Has(SourceAnswer has, ReleaseManifest release) => has.Source == AttemptAccount.DeltaCause
        ? $"{new ByteCount(has.Bytes)} of delta make {release.Version} of what runs"
        : $"{has.Source} has {release.Image.Repository}@{release.Image.Digest}";

    private static CheckResult Check(HostupErrorCode code, bool passed, string saw, string remedy) => new(code.Id, code, passed, saw, passed ? "" : remedy);

    private static string Named(string text) => text.Length == 0 ? "unknown" : text;
}
