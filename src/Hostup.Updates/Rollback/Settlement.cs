using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Boot;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;
using Hostup.Updates.Hooks;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;
using Hostup.Updates.Steps;
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
    /// <param name="ct">Ends the reading of the other slot; the next boot goes on.</param>
    /// <returns>Why the state partition does not hold all of it: the decision stands, and the next boot writes down the rest; null: it holds all.</returns>
    public async ValueTask<string?> CommitAsync(string? warning, CancellationToken ct)
    {
        // Also when it reads so already: a try before this one in the same boot may have failed at its flush, and what is read is in memory only.
        device.Boot.Write(Settled(device.Slots.Running.PartitionNumber));
        await RememberOldAsync(ct).ConfigureAwait(false);
        string? hooks = OpenAttempt() is var (_, release) && release.Hooks is not [] ? await new HookRun(device, "", duringUpdate: false, _ => { }).TryAsync(HookStage.Commit, ct).ConfigureAwait(false) : null;
        return Kept(() => EndCommitted(Joined(warning, hooks is null ? null : $"warning: {hooks}")));
    }

    /// <summary>
    /// What the OS before is known by, so that the operator can go back to it. One that came by an update is known by its signed digest; another one is read, once in its life.
    /// Secondary: without it there is no revert.
    /// </summary>
    private async ValueTask RememberOldAsync(CancellationToken ct)
    {
        try
        {
            int spare = device.Slots.Spare.PartitionNumber;
            if (OpenAttempt() is not var (plan, _) || plan.FromPartition != spare || SlotSystem.Load(device.Files, spare) is not null)
                return;
            if (await device.Slots.ReadSpareTreeAsync(_ => { }, ct).ConfigureAwait(false) is not { } tree)
                return;
            var slot = await device.Slots.OpenSpareForReadingAsync(ct).ConfigureAwait(false);
            await using var mounted = slot.ConfigureAwait(false);
            new SlotSystem { Version = plan.FromVersion, Tree = tree, Hooks = HookFolder.In(device.Files.ListFiles(slot.Path + HookFolder.Place)) }.Save(device.Files, spare);
        }
        catch (Exception e) when (e is IOException or HostupException)
        {
            // The verdict stands, and is told.
        }
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
    /// <param name="cause">Why.</param>
    /// <param name="ct">Ends a hook that runs; the next boot runs it again.</param>
    /// <returns>As <see cref="CommitAsync"/>.</returns>
    public async ValueTask<string?> GoBackAsync(RollbackCause cause, CancellationToken ct)
    {
        // The first program of a boot reads what is on the medium. It may be a medium that takes no write now.
        var settled = Settled(device.Slots.Running.PartitionNumber);
        if (device.Boot.Read() != settled)
            device.Boot.Write(settled);
        // Those of the new OS ran: this one's bring its own state back, by upstream's rule.
        string? hooks = _log.IsOpen && _log.Records.Any(r => r.Step == RunHooks.StepName) ? await new HookRun(device, "", duringUpdate: false, _ => { }).TryAsync(HookStage.Forward, ct).ConfigureAwait(false) : null;
        return Kept(() =>
        {
            var (lost, rest) = PutBack();
            var now = cause with { Lost = cause.Lost ?? lost, Left = Joined(hooks, rest) };
            if (!cause.IsToBeJudged || !_log.IsOpen)
                EndRolledBack(now);
            else if (now.Lost != cause.Lost || now.Left != cause.Left)
                now.Save(device.Files);
        });
    }

    /// <summary>What failed on the new OS was looked at on the old one, which runs: the attempt is over. Idempotent.</summary>
    /// <returns>As <see cref="CommitAsync"/>.</returns>
    public string? EndJudged(RollbackCause cause) => Kept(() =>
    {
        // From here on the verdict stands, also when the power goes before the end is in the journal.
        cause.Save(device.Files);
        EndRolledBack(cause);
    });

    /// <summary>The attempt has ended: nothing is armed any more. Idempotent.</summary>
    /// <returns>As <see cref="CommitAsync"/>.</returns>
    public string? Disarm() => Kept(() => Breadcrumbs.PickUp(device.Files));

    private void EndCommitted(string? warning)
    {
        // An OS that is gone back to is known already, and proves nothing newer than what was final before.
        if (OpenAttempt() is var (plan, release) && !plan.Revert)
        {
            new SlotSystem { Version = release.Version, Tree = release.TreeDigest, Image = release.Image.Digest, Health = release.Health, Hooks = release.Hooks }.Save(device.Files, plan.ToPartition);
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

    /// <returns>What is lost for good, and what could not be put back now; null: nothing.</returns>
    private (string? Lost, string? Left) PutBack()
    {
        var open = OpenAttempt();
        // One after the other: the way back of the boot files ends that of the raw areas.
        string? lost = null;
        string? left = Tidy(() =>
        {
            lost = new BootAreas(device.Files, device.Media).Restore(device.Slots.Running.PartitionNumber).Lost;
            new BootPartition(device.Files, device.Power.BootId).Restore(device.Slots.Running.PartitionNumber, open is var (_, target) ? KeptBack.Of(target, device.Boot) : KeptBack.BuiltIn);
        });
        return (lost, Joined(left, new SlotSupervisor(device).GoBack()));
    }

    private void EndRolledBack(RollbackCause cause)
    {
        AtomicFile.Write(device.Files, cause.Kind == RollbackCause.Altboot ? Places.AltbootTriggered : Places.HealthTriggered, []);
        // Of a revert nothing is fetched that could be refused the next time; and what the old OS fails as well says nothing of the release.
        if (OpenAttempt() is var (plan, release) && !plan.Revert && !cause.IsTheOldOnesToo)
            Remember(release, inconclusive: cause.Inconclusive == true || (cause.Kind == RollbackCause.Altboot && TrialBoots.Read(device.Files) == 0));
        var code = cause.IsTheOldOnesToo ? HostupErrors.Inconclusive : cause.Kind == RollbackCause.Altboot ? HostupErrors.RolledBackAltboot : HostupErrors.RolledBackHealth;
        _log.End(AttemptStates.RolledBack, code.Id, Joined(cause.Text, cause.Lost, cause.Left));
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
