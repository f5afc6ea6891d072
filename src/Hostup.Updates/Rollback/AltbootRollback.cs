using Hostup.Updates.Boot;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Journal;
using Hostup.Updates.Run;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Rollback;

/// <summary>
/// The first program of a boot after a switch, before the container engine: are we where the boot settings say? If not, the boot loader fell
/// back, and the old OS, which runs, is kept. If so and on trial, the boot is counted.
/// </summary>
public sealed class AltbootRollback(DevicePorts device)
{
    /// <summary>Does what this boot needs. Idempotent; ends with at most one request to reboot.</summary>
    /// <param name="ct">Ends a hook that runs.</param>
    /// <returns>What it found, for the log.</returns>
    public async ValueTask<string> RunAsync(CancellationToken ct)
    {
        string? unkept = Breadcrumbs.Lie(device.Files) ? KernelMessages.KeepOfTrial(device) : null;
        return unkept is null ? await SettleAsync(ct).ConfigureAwait(false) : Joined(await SettleAsync(ct).ConfigureAwait(false), unkept);
    }

    private async ValueTask<string> SettleAsync(CancellationToken ct)
    {
        var files = device.Files;
        var settings = device.Boot.Read();
        var running = device.Slots.Running;
        if (settings.RootPartition != running.PartitionNumber)
        {
            // The new OS may have said why it was left, and not known whether that is on the medium.
            var said = RollbackCause.Load(files);
            var cause = said?.FromPartition == settings.RootPartition ? said : FellBack(settings);
            // Without a cause that is on the medium the settings stay: the boot loader comes to the old OS each time, and the first boot that can write settles it.
            return WhyNotSaved(cause) is { } unsaved ? Joined(cause.Text, unsaved) : Joined(cause.Text, await new Settlement(device).GoBackAsync(cause, ct).ConfigureAwait(false));
        }
        if (Trial.IsOn(device))
            return CountTrialBoot(settings);
        if (RollbackCause.Load(files) is { } decided && decided.FromPartition != running.PartitionNumber && Breadcrumbs.Lie(files))
            return Joined($"back on {running.Label}: {decided.Text}", await new Settlement(device).GoBackAsync(decided, ct).ConfigureAwait(false));
        string? armed = new AttemptLog(device).IsOpen ? null : new Settlement(device).Disarm();
        if (LeftWithoutACause(running.PartitionNumber) is { } left)
        {
            armed = WhyNotSaved(left);
            if (armed is null)
                return Joined($"back on {running.Label}: {left.Text}", await new Settlement(device).GoBackAsync(left, ct).ConfigureAwait(false));
        }
        string? database = new SlotSupervisor(device).BringBack();
        // An update was interrupted before the switch: the running root's files are the right ones. After a commit they are too.
        var areas = new BootAreas(files, device.Media).Restore(running.PartitionNumber);
        IReadOnlyList<string> restored = [.. areas.Restored, .. new BootPartition(files, device.Power.BootId).Restore(running.PartitionNumber, BootFilesToKeep())];
        return Joined(restored is [] ? "nothing to do" : $"restored boot files {string.Join(", ", restored)}", areas.Lost, armed, database);
    }

    /// <summary>Where the boot loader counts nothing, a new OS that cannot keep why it is left names the old root all the same. That it counted a boot before tells of it.</summary>
    private RollbackCause? LeftWithoutACause(int running) =>
        Breadcrumbs.Lie(device.Files) && TrialBoots.Read(device.Files) > 0 && new AttemptLog(device) is { IsOpen: true } log && new AttemptFiles(device.Files).TryLoad(log.Records) is var (plan, _) && plan.FromPartition == running
            ? new RollbackCause(RollbackCause.Altboot, "the new OS was left, and could not write the reason to the state partition", plan.ToPartition) { Inconclusive = true }
            : null;

    private string? WhyNotSaved(RollbackCause cause)
    {
        try
        {
            cause.Save(device.Files);
            return null;
        }
        catch (IOException e)
        {
            return $"the next boot settles it, the cause cannot be kept now: {e.Message}";
        }
    }

    private string CountTrialBoot(BootSettings settings)
    {
        device.Power.ResetWhenStuck();
        int boots, before = TrialBoots.Read(device.Files);
        string? warning = null;
        try
        {
            boots = TrialBoots.Count(device.Files);
            if (boots < TrialBoots.Limit)
            {
                warning = new SlotSupervisor(device).Apply();
                new AttemptLog(device).TrialBoot(warning);
            }
        }
        catch (Exception e) when (AttemptJournal.IsNotWritten(e))
        {
            // It has written the state partition before, and its supervisor's settings are there: the medium fails, and the health checks decide.
            if (before > 0)
                return $"a trial boot that cannot be counted, the boot loader's count stands: {e.Message}";
            // Its supervisor must not start: by settings that are seen and not on the medium it would change the database for good. Nor could anything undo what follows.
            return Leave($"the new OS cannot write the state partition: {e.Message}", settings, inconclusive: true);
        }
        if (boots >= TrialBoots.Limit)
            return Leave($"the new OS began to boot {boots - 1} times without a verdict of its health checks", settings, inconclusive: false);
        if (settings.BootCount != 0)
            device.Boot.Write(settings with { BootCount = 0 });
        return Joined($"trial boot {boots} of {TrialBoots.Limit - 1}", warning, WhyNotSettled());
    }

    private string? WhyNotSettled()
    {
        try
        {
            TrialBoots.Settle(device.Files);
            return null;
        }
        catch (IOException e)
        {
            return $"the state partition does not keep that the boot loader's count was set back: {e.Message}";
        }
    }

    private string Leave(string why, BootSettings settings, bool inconclusive)
    {
        new Settlement(device).Leave(new RollbackCause(RollbackCause.Altboot, why, settings.RootPartition) { Inconclusive = inconclusive ? true : null });
        return why;
    }

    private static string Joined(params string?[] parts) => string.Join("; ", parts.Where(p => p is not null));

    private RollbackCause FellBack(BootSettings settings)
    {
        int seen = TrialBoots.Read(device.Files);
        string text = seen == 0
            ? $"the boot loader came back to {device.Slots.Running.Label} at boot {settings.BootCount}: the new OS on partition {settings.RootPartition} never reached user space, could not count that on the state partition, or its device program cannot run"
            : $"the boot loader came back to {device.Slots.Running.Label}: the new OS on partition {settings.RootPartition} reached user space {seen} times, then did not";
        return new RollbackCause(RollbackCause.Altboot, text, settings.RootPartition) { Inconclusive = TrialBoots.AreSettled(device.Files) ? null : true };
    }

    private IReadOnlySet<string> BootFilesToKeep()
    {
        // Also of an attempt that has ended: a boot partition that failed then is tidied up now.
        return new AttemptFiles(device.Files).TryLoad(new AttemptLog(device).Records) is var (_, release) ? KeptBack.Of(release, device.Boot) : KeptBack.BuiltIn;
    }
}
