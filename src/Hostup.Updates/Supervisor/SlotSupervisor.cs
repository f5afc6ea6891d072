using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Files;
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

    private readonly SupervisorDatabase _database = new(device.Files);

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
        using (var feed = new ImageFeed(terms, sources))
            await PullAsync(image, update.Release.Supervisor.Version, feed, ct).ConfigureAwait(false);
        await device.Engine.KeepAsync(OldImageKeeper, settings.ImageName, ct).ConfigureAwait(false);
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
        // What the running OS waits for stays its own: it may be kept.
        var later = Scheduled(update.Plan.FromPartition) is { } scheduled && SupervisorDecision.Keeps(current, scheduled.Version, update.Release.Supervisor) ? scheduled : ((string Version, EngineImageName Image)?)null;
        string? warning = BringBack();
        // An older copy would take the place of what the supervisor wrote since.
        _database.Forget();
        if (SupervisorDecision.Brings(current, update.Release.Supervisor))
        {
            var image = EngineImageName.Parse(update.Release.Supervisor!.Image!);
            warning = await WhyNotAsync(image, ct).ConfigureAwait(false);
            if (warning is null)
                settings = settings.With(update.Release.Supervisor.Version, image);
            else
                later ??= (update.Release.Supervisor.Version, image);
        }
        Schedule(update.Plan.ToPartition, later);
        AtomicFile.Write(files, Of(update.Plan.ToPartition), Encoding.UTF8.GetBytes(settings.Text));
        return warning;
    }

    /// <summary>Puts the settings of the running slot into place. Durable when it returns; idempotent.</summary>
    /// <returns>A warning; null when all went well.</returns>
    public string? Apply() => Secondary(PutSettings);

    /// <summary>The old OS is kept: its settings and the database as its supervisor left it. Durable when it returns; idempotent.</summary>
    /// <returns>A warning; null when all went well.</returns>
    public string? GoBack()
    {
        string? settings = Secondary(PutSettings);
        // Also settings that are seen and not flushed decide which supervisor starts in this boot; without them the newer one goes on with its database.
        string? database = AreInPlace() ? Restore() : null;
        return settings ?? database ?? Secondary(() => Schedule(device.Slots.Spare.PartitionNumber, null));
    }

    /// <summary>Puts the database back where a rollback could not: the data partition was not there. The supervisor must be stopped. Durable when it returns; idempotent.</summary>
    /// <returns>A warning: it is tried again at the next start of the OS or of the agent; null: it is back, or was not wanted.</returns>
    public string? BringBack() => _database.IsDue ? Restore() : null;

    /// <summary>The spare is about to be formatted: the way back to it ends, the copy of the database with it, unless it is still to be put back.</summary>
    public void Forget() => _database.Forget();

    /// <summary>
    /// Brings the supervisor that the running OS ships with, where it could not be fetched or put into place before, and copies the database
    /// before it first starts. Asked for now and then. From the stop to the start no update works on the device and none begins: one that did would have it started in its midst.
    /// </summary>
    /// <returns>What was done; null when nothing is wanted.</returns>
    /// <exception cref="HostupException"><c>supervisor</c>, or <c>update-running</c> and <c>held</c> while there is an update: tried again later.</exception>
    public async ValueTask<string?> ReconcileAsync(CancellationToken ct)
    {
        // Before all else: the one that runs cannot read the database that a newer one left.
        if (_database.IsDue)
            return await StoppedAsync(RestoreNow, ct).ConfigureAwait(false);
        int running = device.Slots.Running.PartitionNumber;
        if (SupervisorSettings.Load(device.Files) is not { } before || (Scheduled(running) ?? OfCommitted(running)) is not var (version, image))
            return null;
        if (!SupervisorDecision.IsNewer(version, before.RunningVersion(device.Files)))
        {
            Schedule(running, null);
            return null;
        }
        var plan = new AttemptFiles(device.Files).TryLoad(new AttemptLog(device).Records)?.Plan;
        var policy = OwnPolicy.Load(device.Files).Over(plan?.Policy ?? new UpdatePolicy());
        using (var feed = new ImageFeed(new LaterTerms(device, policy, $"supervisor {version}"), device.Images.Open(image, () => policy, plan?.FallbackRegistries ?? [], bytesLeft: null)))
            await PullAsync(image, version, feed, ct).ConfigureAwait(false);
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
        }
    }

    /// <summary>The data partition may come later than the OS. That it is to be tried again is on the state partition before the rollback ends.</summary>
    /// <exception cref="IOException">The state partition takes no write: the rollback stays open.</exception>
    private string? Restore()
    {
        try
        {
            _database.Restore();
            return null;
        }
        catch (HostupException e)
        {
            return e.Message;
        }
        catch (IOException e)
        {
            if (!_database.IsDue)
                _database.RestoreLater();
            return NotBack(e).Message;
        }
    }

    private string RestoreNow()
    {
        try
        {
            _database.Restore();
            return "the supervisor's database is back as it was before the rollback";
        }
        catch (IOException e)
        {
            throw NotBack(e);
        }
    }

    private static HostupException NotBack(IOException e) => new(
        HostupErrors.Supervisor, "cannot bring back the supervisor's database now", e.Message, "look whether the data partition is mounted and takes writes; it is tried again at each start and now and then", e);

    /// <summary>The pull took minutes: the settings are read now, and a newer supervisor that came meanwhile stays.</summary>
    private string? Replace(int partition, string version, EngineImageName image)
    {
        string? said = null;
        if (SupervisorSettings.Load(device.Files) is { } settings && settings.RunningVersion(device.Files) is var running && SupervisorDecision.IsNewer(version, running))
        {
            _database.Keep();
            settings.With(version, image).Save(device.Files);
            device.Files.Delete(SupervisorSettings.UntilReboot);
            said = $"supervisor {version} takes the place of {running}";
        }
        Schedule(partition, null);
        return said;
    }

    /// <summary>What a slot's OS waits for; a damaged note says nothing.</summary>
    private (string Version, EngineImageName Image)? Scheduled(int partition) =>
        Wanted(partition) is var path && device.Files.Exists(path) && Encoding.UTF8.GetString(device.Files.Read(path)).Split(' ', 2) is [var version, var name] && EngineImageName.TryParse(name, out var image)
            ? (version, image)
            : null;

    private void Schedule(int partition, (string Version, EngineImageName Image)? what)
    {
        if (what is var (version, image))
            AtomicFile.Write(device.Files, Wanted(partition), Encoding.UTF8.GetBytes($"{version} {image}"));
        else
            AtomicFile.Delete(device.Files, Wanted(partition));
    }

    /// <summary>The supervisor of the release that was committed on this slot.</summary>
    private (string Version, EngineImageName Image)? OfCommitted(int partition) =>
        new AttemptLog(device).Records is [.., { Outcome: AttemptStates.Committed }] records && new AttemptFiles(device.Files).TryLoad(records) is var (plan, release) && plan.ToPartition == partition
            && release.Supervisor is { Image: { } name } supervisor && EngineImageName.TryParse(name, out var image)
            ? (supervisor.Version, image)
            : null;

    private ValueTask PullAsync(EngineImageName image, string version, ImageFeed feed, CancellationToken ct) =>
        device.Engine.PullAsync(new EnginePull(image, NewImageKeeper) { AlsoKnownAs = $"{UpstreamName}:{version}" }, feed, ct);

    private void PutSettings()
    {
        if (SupervisorSettings.Load(device.Files) is { } settings && OfSlot() is { } text && text != settings.Text)
            (settings with { Text = text }).Save(device.Files);
    }

    private bool AreInPlace() => OfSlot() is not { } text || SupervisorSettings.Load(device.Files) is not { } settings || settings.Text == text;

    private string? OfSlot() => Of(device.Slots.Running.PartitionNumber) is var kept && device.Files.Exists(kept) ? Encoding.UTF8.GetString(device.Files.Read(kept)) : null;

    private async ValueTask<string?> WhyNotAsync(EngineImageName image, CancellationToken ct)
    {
        if (!await device.Engine.HasAsync(image, ct).ConfigureAwait(false))
            return $"the engine does not hold {image.LocalName}; the new OS starts the present supervisor and fetches the other one later";
        try
        {
            _database.Keep();
            return null;
        }
        catch (HostupException e)
        {
            return e.Message;
        }
        catch (IOException e)
        {
            return $"cannot copy the supervisor's database: {e.Message}";
        }
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

    private static string Wanted(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Places.Hostup}/supervisor-wanted-{partition}");

    private static string Of(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Places.Hostup}/supervisor-{partition}.conf");
}
