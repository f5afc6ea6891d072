using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Boot;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Run;
using Hostup.Updates.Supervisor;
using Hostup.Updates.Trust;

namespace Hostup.Updates.Rollback;

/// <summary>
/// Brings the device to rest after a trial: on the new OS (commit) or back on the old one. The boot settings decide first, in one write; what
/// follows only tidies up and is done again after a power cut, because the breadcrumbs are picked up last.
/// </summary>
public sealed class Settlement(DevicePorts device)
{
    private readonly AttemptLog _log = new(device);

    /// <summary>The new OS, which runs, is final. Idempotent.</summary>
    /// <param name="warning">What is not well all the same; null: nothing.</param>
    /// <returns>Why the state partition does not hold all of it: the decision stands, and the next boot writes down the rest; null: it holds all.</returns>
    public string? Commit(string? warning = null)
    {
        // Also when it reads so already: a try before this one in the same boot may have failed at its flush, and what is read is in memory only.
        device.Boot.Write(Settled(device.Slots.Running.PartitionNumber));
        return Kept(() => EndCommitted(warning));
    }

    /// <summary>The new OS, which runs, is left: the cause is kept, then one write decides, then the device reboots.</summary>
    public void Leave(RollbackCause cause)
    {
        var back = Settled(device.Slots.Spare.PartitionNumber);
        // Without a cause the old OS would take the attempt for one that was interrupted, and go on with it. That the boot loader came back it sees by itself.
        if (Kept(() => cause.Save(device.Files)) is not null && device.Boot.FallbackBoot > 0)
            back = device.Boot.Read() with { BootCount = device.Boot.FallbackBoot };
        device.Boot.Write(back);
        device.Power.Reboot(cause.Text);
    }

    /// <summary>The old OS, which runs, is kept. The cause must be saved. Idempotent.</summary>
    /// <returns>As <see cref="Commit"/>.</returns>
    public string? GoBack(RollbackCause cause)
    {
        // The first program of a boot reads what is on the medium. It may be a medium that takes no write now.
        var settled = Settled(device.Slots.Running.PartitionNumber);
        if (device.Boot.Read() != settled)
            device.Boot.Write(settled);
        return Kept(() => EndRolledBack(cause));
    }

    /// <summary>The attempt has ended: nothing is armed any more. Idempotent.</summary>
    /// <returns>As <see cref="Commit"/>.</returns>
    public string? Disarm() => Kept(() => Breadcrumbs.PickUp(device.Files));

    private void EndCommitted(string? warning)
    {
        var open = OpenAttempt();
        if (open is var (_, release))
        {
            AtomicFile.Write(device.Files, Places.HighestSequence, Encoding.ASCII.GetBytes(release.Sequence.ToString(CultureInfo.InvariantCulture)));
            ClockFloor.Raise(device.Files, release.SignedAt);
        }
        new DeviceTrust(device.Files).KeepImageList();
        AtomicFile.Delete(device.Files, Places.RollbackCause);
        string? left = Tidy(() => new BootPartition(device.Files, device.Power.BootId).Settle());
        string? said = _log.Records.LastOrDefault(r => r.Verb == JournalVerb.TrialBoot)?.Message;
        _log.End(AttemptStates.Committed, null, Joined(warning, said, left));
        Breadcrumbs.PickUp(device.Files);
    }

    private void EndRolledBack(RollbackCause cause)
    {
        var open = OpenAttempt();
        // One after the other: the way back of the boot files ends that of the raw areas.
        string? lost = null;
        string? left = Tidy(() =>
        {
            lost = new BootAreas(device.Files, device.Media).Restore(device.Slots.Running.PartitionNumber).Lost;
            new BootPartition(device.Files, device.Power.BootId).Restore(device.Slots.Running.PartitionNumber, open is var (_, target) ? KeptBack.Of(target, device.Boot) : KeptBack.BuiltIn);
        });
        string? supervisor = new SlotSupervisor(device).GoBack();
        AtomicFile.Write(device.Files, cause.Kind == RollbackCause.Altboot ? Places.AltbootTriggered : Places.HealthTriggered, []);
        if (open is var (_, release))
            Remember(release, inconclusive: cause.Inconclusive == true || (cause.Kind == RollbackCause.Altboot && TrialBoots.Read(device.Files) == 0));
        var code = cause.Kind == RollbackCause.Altboot ? HostupErrors.RolledBackAltboot : HostupErrors.RolledBackHealth;
        _log.End(AttemptStates.RolledBack, code.Id, Joined(cause.Text, lost, left, supervisor));
        Breadcrumbs.PickUp(device.Files);
    }

    private static string? Kept(Action act)
    {
        try
        {
            act();
            return null;
        }
        catch (Exception e) when (AttemptJournal.IsNotWritten(e))
        {
            return $"the state partition does not take all of it, the next boot tries again: {e.Message}";
        }
    }

    private static BootSettings Settled(int partition) => new(partition, UpgradeAvailable: false, BootCount: 0);

    /// <summary>
    /// Work on the boot partition that a decided attempt is not held open for: both sets of boot files boot the OS that runs. What it leaves is known to the state
    /// partition, and the first program of each boot does it again.
    /// </summary>
    private static string? Tidy(Action act)
    {
        try
        {
            act();
            return null;
        }
        catch (Exception e) when (e is IOException or HostupException)
        {
            return $"the boot partition is tidied up at the next boot: {e.Message}";
        }
    }

    private static string? Joined(params string?[] parts) => string.Join("; ", parts.Where(p => p is not null)) is { Length: > 0 } text ? text : null;

    private (UpdatePlan Plan, ReleaseManifest Release)? OpenAttempt() => _log.IsOpen ? new AttemptFiles(device.Files).TryLoad(_log.Records) : null;

    // A trial whose user space was never seen may have been a power cut: such a release may be tried once more.
    private void Remember(ReleaseManifest release, bool inconclusive)
    {
        string digest = release.Image.Digest.ToString();
        bool second = Lines(Places.Suspect).Contains(digest, StringComparison.Ordinal);
        string place = inconclusive && !second ? Places.Suspect : Places.KnownBad;
        string known = Lines(place);
        if (!known.Contains(digest, StringComparison.Ordinal))
            AtomicFile.Write(device.Files, place, Encoding.ASCII.GetBytes($"{known}{digest}\n"));
    }

    private string Lines(string path) => device.Files.Exists(path) ? Encoding.ASCII.GetString(device.Files.Read(path)) : "";
}
