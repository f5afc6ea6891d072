using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Versions;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Updates.Checks;

/// <summary>Everything that is looked at before a device is touched. Each check has a name, says what it saw and what to do.</summary>
public static class DeviceChecks
{
    // plan, manifest and journal with their temporary files, and space for the supervisor's database copy
    private static readonly ByteCount StateNeeded = ByteCount.FromMiB(2);

    /// <summary>Runs every check; none is left out because another one failed.</summary>
    /// <param name="facts">What the device is.</param>
    /// <param name="release">What it is to become.</param>
    /// <param name="reinstall">The operator asked for the same release again.</param>
    /// <param name="updaterVersion">Version of this program.</param>
    public static IReadOnlyList<CheckResult> Evaluate(DeviceFacts facts, ReleaseManifest release, bool reinstall, string updaterVersion) =>
    [
        .. Slots(facts),
        OsVersionKnown(facts),
        Check(HostupErrors.DeviceType, facts.DeviceType == release.DeviceType,
            $"device type {Named(facts.DeviceType)}, release for {release.DeviceType}", "choose a release for this device type"),
        Newer(facts, release, reinstall),
        Check(HostupErrors.UpdaterTooOld, OsVersion.TextOrder.Compare(updaterVersion, release.UpdaterMinimum) >= 0,
            $"updater {updaterVersion}, at least {release.UpdaterMinimum} needed", "publish a newer updater on the server"),
        Check(HostupErrors.KnownBad, reinstall || !facts.KnownBad.Contains(release.Image.Digest.ToString()),
            facts.KnownBad.Contains(release.Image.Digest.ToString()) ? "this image was rolled back here before" : "not rolled back here before", "start the update with --reinstall to try it again"),
        Check(HostupErrors.BootEnvironment, facts.Boot is not null, facts.BootFault?.Why ?? "readable", facts.BootFault?.WhatToDo ?? ""),
        Check(HostupErrors.TrialPending, !facts.TrialPending, facts.TrialPending ? "an OS is on trial" : "none on trial", "wait for the verdict of the trial, at most the time of the release's health checks"),
        RootSpace(facts, release),
        Check(HostupErrors.StateSpace, facts.StateFree >= StateNeeded.Bytes, $"{new ByteCount(facts.StateFree)} free on {Places.State}, {StateNeeded} needed", $"remove files from {Places.State} that are not the OS's"),
        BootSpace(facts, release),
        Check(HostupErrors.Engine, facts.EngineAnswers, facts.EngineAnswers ? "answers" : "does not answer", "restart the container engine on the device"),
    ];

    /// <summary>Runs every check and refuses with the first that did not pass, naming them all.</summary>
    /// <exception cref="HostupException">The code of that check.</exception>
    public static async ValueTask RequireAsync(StepContext update, CancellationToken ct)
    {
        var facts = await DeviceFacts.ReadAsync(update.Device, ct).ConfigureAwait(false);
        var failed = Evaluate(facts, update.Release, update.Plan.Reinstall, update.Plan.UpdaterVersion).Where(r => !r.Passed).ToList();
        if (failed is [var first, ..])
            throw new HostupException(first.Code, $"cannot update to {update.Release.Version}", string.Join("; ", failed.Select(f => $"{f.Name}: {f.Saw}")), first.Remedy);
    }

    private static IEnumerable<CheckResult> Slots(DeviceFacts facts)
    {
        var fault = facts.SlotFault;
        yield return Check(HostupErrors.SlotLayout, fault?.Code != HostupErrors.SlotLayout && !facts.ContainerStoreLayout,
            facts.ContainerStoreLayout ? "the container-store layout (hostapps/)" : fault?.Why ?? "two root partitions",
            facts.ContainerStoreLayout ? "this layout is not served yet; update it with the tool of its maker" : fault?.WhatToDo ?? "");
        yield return Check(HostupErrors.SameSlot, fault?.Code != HostupErrors.SameSlot, fault?.Why ?? $"running {facts.Running?.Label} on {facts.Running?.Device}, spare {facts.Spare?.Label} on {facts.Spare?.Device}", fault?.WhatToDo ?? "");
    }

    private static CheckResult OsVersionKnown(DeviceFacts facts)
    {
        bool known = OsVersion.TryParse(facts.OsVersion, out var version) && version!.Major >= 2;
        return Check(HostupErrors.OsVersion, known, $"running OS version {Named(facts.OsVersion)}", "this path updates OS versions from 2.0.0 on");
    }

    private static CheckResult Newer(DeviceFacts facts, ReleaseManifest release, bool reinstall)
    {
        int order = OsVersion.TextOrder.Compare(release.Version, facts.OsVersion);
        bool good = (release.Sequence > facts.HighestSequence || (reinstall && release.Sequence == facts.HighestSequence)) && (order > 0 || (reinstall && order == 0));
        return Check(HostupErrors.NotNewer, good, $"running {Named(facts.OsVersion)}, target {release.Version}, sequence {release.Sequence}, highest committed {facts.HighestSequence}", "choose a newer release, or the same one with --reinstall");
    }

    private static CheckResult RootSpace(DeviceFacts facts, ReleaseManifest release) => Check(
        HostupErrors.RootSpace, facts.Spare is null || facts.Spare.SizeBytes >= release.Root.SpaceBytes,
        $"{new ByteCount(facts.Spare?.SizeBytes ?? 0)} on the spare slot, {new ByteCount(release.Root.SpaceBytes)} needed", "choose a smaller release; a slot cannot grow");

    private static CheckResult BootSpace(DeviceFacts facts, ReleaseManifest release)
    {
        var kept = KeptBack.Of(release);
        // Old and new together: every file that may be replaced is staged beside the old one.
        long needed = release.BootFiles.Where(f => !kept.Contains(f.Path)).Sum(f => (f.Size + 4095) / 4096 * 4096) + (512 << 10);
        return Check(HostupErrors.BootSpace, facts.BootFree >= needed, $"{new ByteCount(facts.BootFree)} free on {Places.Boot}, {new ByteCount(needed)} needed", "remove files from the boot partition that are not the OS's");
    }

    private static CheckResult Check(HostupErrorCode code, bool passed, string saw, string remedy) => new(code.Id, code, passed, saw, remedy);

    private static string Named(string text) => text.Length == 0 ? "unknown" : text;
}
