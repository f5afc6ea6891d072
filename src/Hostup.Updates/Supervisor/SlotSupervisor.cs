using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Files;
using Hostup.Updates.Plan;
using Hostup.Updates.Policies;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;
using Hostup.Updates.Sources;

namespace Hostup.Updates.Supervisor;

/// <summary>
/// Which supervisor goes with which slot. The settings of both are kept on the state partition; the first program of a trial boot, and of a way
/// back, puts those of its slot into place before the container engine starts. Secondary: nothing here fails an update of the OS.
/// </summary>
public sealed class SlotSupervisor(DevicePorts device)
{
    /// <summary>Container that was never started: it keeps the old supervisor's image from being pruned.</summary>
    public const string OldImageKeeper = "hostup-old-supervisor";

    /// <summary>The same for the new one, until it runs.</summary>
    public const string NewImageKeeper = "hostup-new-supervisor";

    /// <summary>Upstream's updater of the supervisor gives its image this name, with the version as tag.</summary>
    private const string UpstreamName = "balena_supervisor";

    /// <summary>The new OS can pull it as well: an update is not held up for a night.</summary>
    private static readonly TimeSpan MostPatience = TimeSpan.FromMinutes(30);

    /// <summary>Whether the release brings a supervisor that is newer than what runs.</summary>
    public bool Fetches(ReleaseManifest release) => SupervisorSettings.Load(device.Files) is { } settings && SupervisorDecision.Brings(settings.RunningVersion(device.Files), release.Supervisor);

    /// <summary>Fetches the release's supervisor image, when it is newer than what runs, and keeps both images from being pruned. Its bytes are in the attempt's account.</summary>
    /// <exception cref="HostupException"><c>supervisor</c>, or why no source has it.</exception>
    public async ValueTask FetchAsync(StepContext update, CancellationToken ct)
    {
        if (SupervisorSettings.Load(device.Files) is not { } settings || !SupervisorDecision.Brings(settings.RunningVersion(device.Files), update.Release.Supervisor))
            return;
        var image = EngineImageName.Parse(update.Release.Supervisor!.Image!);
        var sources = device.Images.Open(image, () => update.Policy, update.Plan.FallbackRegistries, () => update.BytesLeft);
        update.Account.Count(sources);
        var terms = new AttemptTerms(update, $"supervisor {update.Release.Supervisor.Version}", AttemptStates.Supervisor) { MostPatience = MostPatience };
        // Also when the pull fails: the new OS brings the other one later, and that one prunes what nobody keeps.
        await device.Engine.KeepAsync(OldImageKeeper, settings.ImageName, ct).ConfigureAwait(false);
        using var feed = new ImageFeed(terms, sources);
        await PullAsync(image, update.Release.Supervisor.Version, feed, ct).ConfigureAwait(false);
    }

    /// <summary>Writes down what each slot starts and copies the database; the supervisor is stopped. Harmless until the switch. Durable when it returns.</summary>
    /// <returns>A warning; null when all went well.</returns>
    public async ValueTask<string?> PrepareAsync(StepContext update, CancellationToken ct)
    {
        var files = device.Files;
        if (SupervisorSettings.Load(files) is not { } settings)
            return null;
        AtomicFile.Write(files, Of(update.Plan.FromPartition), Encoding.UTF8.GetBytes(settings.Text));
        string current = settings.RunningVersion(files);
        string? warning = BringBack();
        if (update.Plan.Revert)
            return await PrepareRevertAsync(update.Plan, settings, ct).ConfigureAwait(false) ?? warning;
        // What the running OS waits for stays its own: it may be kept.
        var later = WantedSupervisor.Load(files, update.Plan.FromPartition) is { } wanted && SupervisorDecision.Keeps(current, wanted.Version, update.Release.Supervisor) ? wanted : null;
        // An older copy would take the place of what the supervisor wrote since.
        DatabaseOf(update.Plan.FromPartition).Forget();
        if (SupervisorDecision.Brings(current, update.Release.Supervisor))
        {
            var image = EngineImageName.Parse(update.Release.Supervisor!.Image!);
            warning = await WhyNotAsync(image, update.Plan.FromPartition, ct).ConfigureAwait(false);
            if (warning is null)
                settings = settings.With(update.Release.Supervisor.Version, image);
            else
                later ??= new WantedSupervisor(update.Release.Supervisor.Version, image);
        }
        WantedSupervisor.Keep(files, update.Plan.ToPartition, later);
        AtomicFile.Write(files, Of(update.Plan.ToPartition), Encoding.UTF8.GetBytes(settings.Text));
        return warning;
    }

    /// <summary>Puts the settings of the running slot into place, and when the operator wanted this OS back its database. Durable when it returns; idempotent.</summary>
    /// <returns>A warning; null when all went well.</returns>
    public string? Apply() => new AttemptFiles(device.Files).TryLoad(new AttemptLog(device).Records)?.Plan.Revert == true ? PutBack() : Secondary(PutSettings);

    /// <summary>
    /// The old OS is kept: its settings and the database as its supervisor left it. The copy goes then: the next boot, which goes this way again while the old OS looks at what failed,
    /// must not put it over what that supervisor writes from now on. Durable when it returns; idempotent.
    /// </summary>
    /// <returns>A warning; null when all went well.</returns>
    public string? GoBack() => PutBack() ?? Secondary(() =>
    {
        DatabaseOf(device.Slots.Running.PartitionNumber).Forget();
        WantedSupervisor.Keep(device.Files, device.Slots.Spare.PartitionNumber, null);
    });

    /// <summary>Puts the database back where a way back could not: the data partition was not there. The supervisor must be stopped. Durable when it returns; idempotent.</summary>
    /// <returns>A warning: it is tried again at the next start of the OS or of the agent; null: it is back, or was not wanted.</returns>
    public string? BringBack() => Restored(SupervisorDatabase.Due(device.Files));

    /// <summary>The spare is about to be formatted: the way back to it ends, the copies of the database with it, but for one that is still to be put back.</summary>
    public void Forget()
    {
        DatabaseOf(device.Slots.Spare.PartitionNumber).Forget();
        DatabaseOf(device.Slots.Running.PartitionNumber).Forget();
    }

    /// <summary>
    /// Brings the supervisor that the running OS ships with, where it could not be fetched or put into place before, and copies the database
    /// before it first starts. Asked for now and then. From the stop to the start no update works on the device and none begins: one that did would have it started in its midst.
    /// </summary>
    /// <returns>What was done; null when nothing is wanted.</returns>
    /// <exception cref="HostupException"><c>supervisor</c>, or <c>update-running</c> and <c>held</c> while there is an update: tried again later.</exception>
    public async ValueTask<string?> ReconcileAsync(CancellationToken ct)
    {
        // Before all else: the one that runs cannot read the database that a newer one left.
        if (SupervisorDatabase.Due(device.Files) is { } due)
            return await StoppedAsync(() => BringBack(due), ct).ConfigureAwait(false);
        int running = device.Slots.Running.PartitionNumber;
        if (SupervisorSettings.Load(device.Files) is not { } before || (WantedSupervisor.Load(device.Files, running) ?? OfCommitted(running)) is not var (version, image))
            return null;
        if (!SupervisorDecision.IsNewer(version, before.RunningVersion(device.Files)))
        {
            WantedSupervisor.Keep(device.Files, running, null);
            return null;
        }
        var plan = new AttemptFiles(device.Files).TryLoad(new AttemptLog(device).Records)?.Plan;
        var policy = OwnPolicy.Load(device.Files).Over(plan?.Policy ?? new UpdatePolicy());
        using (var feed = new ImageFeed(new LaterTerms(device, policy, $"supervisor {version}"), device.Images.Open(image, () => policy, plan?.FallbackRegistries ?? [], bytesLeft: null)))
            await PullAsync(image, version, feed, ct).ConfigureAwait(false);
        // What the OS in the spare slot starts: the newer one prunes what nobody keeps.
        await device.Engine.KeepAsync(OldImageKeeper, (before with { Text = TextOf(device.Slots.Spare.PartitionNumber) ?? before.Text }).ImageName, ct).ConfigureAwait(false);
        // Its own updater must not update it at the same time.
        return await StoppedAsync(() => Replace(running, version, image), ct).ConfigureAwait(false);
    }

    private async ValueTask<string?> StoppedAsync(Func<string?> act, CancellationToken ct)
    {
        using var noUpdate = device.Processes.Exclude();
        // Begun by hand meanwhile; its process was killed and is started again, or has asked for the reboot.
        if (new AttemptLog(device).IsOpen)
            throw new HostupException(HostupErrors.Held, "cannot stop the supervisor now", "an update is open on this device", "it is tried again later");
        // Whoever has masked its unit does not want it started.
        if (!device.Supervisor.IsInstalled)
            return act();
        await device.Supervisor.StopAsync(ct).ConfigureAwait(false);
        try
        {
            return act();
        }
        finally
        {
            await device.Supervisor.StartAsync(CancellationToken.None).ConfigureAwait(false);
            await device.Supervisor.ResumeUpdatesAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static string BringBack(SupervisorDatabase due)
    {
        Restore(due);
        return "the supervisor's database is back as that supervisor left it";
    }

    private static string? Restored(SupervisorDatabase? database)
    {
        try
        {
            if (database is not null)
                Restore(database);
            return null;
        }
        catch (HostupException e)
        {
            return e.Message;
        }
    }

    /// <summary>The data partition may come later than the OS. That it is to be tried again is on the state partition when this fails.</summary>
    /// <exception cref="HostupException"><c>supervisor</c>: it is tried again later, or its copy is damaged.</exception>
    /// <exception cref="IOException">The state partition takes no write: the way back stays open.</exception>
    private static void Restore(SupervisorDatabase database)
    {
        try
        {
            database.Restore();
        }
        catch (IOException e)
        {
            database.RestoreLater();
            throw new HostupException(
                HostupErrors.Supervisor, "cannot bring back the supervisor's database now", e.Message, "look whether the data partition is mounted and takes writes; it is tried again at each start and now and then", e);
        }
    }

    /// <summary>The pull took minutes: the settings are read now, and a newer supervisor that came meanwhile stays.</summary>
    private string? Replace(int partition, string version, EngineImageName image)
    {
        string? said = null;
        if (SupervisorSettings.Load(device.Files) is { } settings && settings.RunningVersion(device.Files) is var running && SupervisorDecision.IsNewer(version, running))
        {
            int spare = device.Slots.Spare.PartitionNumber;
            // That of the OS before, as long as its supervisor ran until now; a copy that another one's update made stays.
            if (TextOf(spare) is not { } text || (settings with { Text = text }).VersionText == running)
                DatabaseOf(spare).Keep();
            settings.With(version, image).Save(device.Files);
            device.Files.Delete(SupervisorSettings.UntilReboot);
            said = $"supervisor {version} takes the place of {running}";
        }
        WantedSupervisor.Keep(device.Files, partition, null);
        return said;
    }

    /// <summary>The supervisor of the release that was committed on this slot.</summary>
    private WantedSupervisor? OfCommitted(int partition) =>
        new AttemptLog(device).Records is [.., { Outcome: AttemptStates.Committed }] records && new AttemptFiles(device.Files).TryLoad(records) is var (plan, release) && plan.ToPartition == partition
            && release.Supervisor is { Image: { } name } supervisor && EngineImageName.TryParse(name, out var image)
            ? new WantedSupervisor(supervisor.Version, image)
            : null;

    private ValueTask PullAsync(EngineImageName image, string version, ImageFeed feed, CancellationToken ct) =>
        device.Engine.PullAsync(new EnginePull(image, NewImageKeeper) { AlsoKnownAs = $"{UpstreamName}:{version}" }, feed, ct);

    /// <summary>
    /// The OS that is gone back to starts its own supervisor, with the database as that one left it; what runs now is kept for the way back. Without
    /// a copy the present one stays: an older one cannot read its database. So it does where the engine lost the image: the OS starts without a network as well.
    /// </summary>
    private async ValueTask<string?> PrepareRevertAsync(UpdatePlan plan, SupervisorSettings settings, CancellationToken ct)
    {
        var own = settings with { Text = TextOf(plan.ToPartition) ?? settings.Text };
        var (theirs, present) = (DatabaseOf(plan.ToPartition), DatabaseOf(plan.FromPartition));
        present.Forget();
        bool same = own.VersionText == settings.RunningVersion(device.Files);
        string? warning = same ? null
            : !theirs.IsKept ? $"no database of supervisor {own.VersionText} is kept; the OS that is gone back to starts the present one"
            : !await device.Engine.KeepAsync(OldImageKeeper, own.ImageName, ct).ConfigureAwait(false) ? $"the engine does not hold {own.ImageName}; the OS that is gone back to starts the present supervisor"
            : present.TryKeep();
        // Where the present one goes on, so does its database.
        if (same || warning is not null)
            theirs.Forget();
        AtomicFile.Write(device.Files, Of(plan.ToPartition), Encoding.UTF8.GetBytes(warning is null ? own.Text : settings.Text));
        return warning;
    }

    /// <summary>The settings of the running slot, and the database as its supervisor left it.</summary>
    private string? PutBack()
    {
        string? settings = Secondary(PutSettings);
        // A copy of another slot that is still to be put back is of the same supervisor: no other one was put into place meanwhile.
        var database = DatabaseOf(device.Slots.Running.PartitionNumber) is { IsKept: true } own ? own : SupervisorDatabase.Due(device.Files);
        // Also settings that are seen and not flushed decide which supervisor starts in this boot; without them the other one goes on with its database.
        string? left = AreInPlace() ? Restored(database) : null;
        return settings ?? left;
    }

    private SupervisorDatabase DatabaseOf(int partition) => new(device.Files, partition);

    private void PutSettings()
    {
        if (SupervisorSettings.Load(device.Files) is { } settings && OfSlot() is { } text && !SupervisorSettings.Say(device.Files, text))
            (settings with { Text = text }).Save(device.Files);
    }

    private bool AreInPlace() => OfSlot() is not { } text || SupervisorSettings.Say(device.Files, text);

    private string? OfSlot() => TextOf(device.Slots.Running.PartitionNumber);

    private string? TextOf(int partition) => Of(partition) is var kept && device.Files.Exists(kept) ? Encoding.UTF8.GetString(device.Files.Read(kept)) : null;

    private async ValueTask<string?> WhyNotAsync(EngineImageName image, int partition, CancellationToken ct)
    {
        if (!await device.Engine.HasAsync(image, ct).ConfigureAwait(false))
            return $"the engine does not hold {image.LocalName}; the new OS starts the present supervisor and fetches the other one later";
        return DatabaseOf(partition).TryKeep();
    }

    private static string? Secondary(Action act)
    {
        try
        {
            act();
            return null;
        }
        catch (IOException e)
        {
            return $"cannot settle the supervisor: {e.Message}";
        }
        catch (HostupException e)
        {
            return e.Message;
        }
    }

    private static string Of(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Places.Hostup}/supervisor-{partition}.conf");
}
