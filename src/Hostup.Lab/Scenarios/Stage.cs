using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Boot;
using Hostup.Lab.Containers;
using Hostup.Lab.Devices;
using Hostup.Lab.Images;

namespace Hostup.Lab.Scenarios;

/// <summary>A server and one virtual device on the old release that is registered there: where an update is played.</summary>
public sealed class Stage : IAsyncDisposable
{
    private static readonly TimeSpan RegisterLimit = TimeSpan.FromSeconds(180);

    private const string ShortTrial = "3x10";

    private readonly LabBootLoader _loader;

    private Stage(LabEnvironment lab, LabBootLoader loader, ServerProcess server, VirtualDevice device, LabKeys keys, string folder, string uuid) =>
        (Lab, _loader, Server, Device, Keys, Folder, Uuid) = (lab, loader, server, device, keys, folder, uuid);

    public LabEnvironment Lab { get; }

    public ServerProcess Server { get; }

    public VirtualDevice Device { get; }

    public LabKeys Keys { get; }

    /// <summary>Folder of the server's data and of what is signed.</summary>
    public string Folder { get; }

    /// <summary>The device on the server.</summary>
    public string Uuid { get; }

    /// <summary>Root tree of a release with the product's device program and the lab's trust.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="release">The release.</param>
    /// <param name="ct">Ends the making.</param>
    /// <param name="loader">What boots it; GRUB.</param>
    public static async Task<HostOsTree> TreeAsync(LabEnvironment lab, HostOsRelease release, CancellationToken ct, LabBootLoader? loader = null)
    {
        var keys = await LabKeys.GetAsync(lab, ct);
        var overlay = (await HostOsTree.DeviceProgramAsync(lab, release, ct)).WithText("etc/hostup/trust.json", await File.ReadAllTextAsync(keys.Trust, ct));
        return await HostOsTree.BuildAsync(lab, release, overlay, loader ?? LabBootLoader.Grub, ct);
    }

    /// <summary>The saved state that every stage starts from.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="ct">Ends the making.</param>
    /// <param name="loader">What boots it; GRUB.</param>
    public static async Task<SavedState> SavedDeviceAsync(LabEnvironment lab, CancellationToken ct, LabBootLoader? loader = null) =>
        await ProvisionedDevice.GetAsync(lab, await TreeAsync(lab, HostOsRelease.Old, ct, loader), ct);

    /// <summary>Sets it up: server, updater, device from its saved state, registration.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="name">Name of the device.</param>
    /// <param name="stays">Whether device and server outlive this process.</param>
    /// <param name="ct">Ends it.</param>
    /// <param name="writeLog">File that receives every write of the disk; null for none.</param>
    /// <param name="loader">What boots the device; GRUB.</param>
    public static async Task<Stage> SetAsync(LabEnvironment lab, string name, bool stays, CancellationToken ct, string? writeLog = null, LabBootLoader? loader = null)
    {
        var keys = await LabKeys.GetAsync(lab, ct);
        var saved = await SavedDeviceAsync(lab, ct, loader);
        if (DeviceRecord.Load(name) is { } left)
            await left.EndAsync(ct);
        string folder = Path.Combine(lab.Cache.Root, "stages", name);
        await ServerProcess.EndLeftAsync(Path.Combine(folder, "server"), ct);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        var server = await ServerProcess.StartAsync(lab, Path.Combine(folder, "server"), ct);
        VirtualDevice? device = null;
        try
        {
            lab.Progress($"server listens on port {server.Port}");
            device = await VirtualDevice.StartFromSavedAsync(name, saved, VirtualDeviceOptions.In(lab) with { Stays = stays, WriteLog = writeLog, Companions = [server.Identity] }, ct);
            string uuid = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));
            var stage = new Stage(lab, saved.Machine.Loader, server, device, keys, folder, uuid);
            await stage.PublishUpdaterAsync(ct);
            await stage.RegisterAsync(ct);
            return stage;
        }
        catch
        {
            // Also one that should stay: a stage that was not set up is nobody's.
            if (device is not null)
                await device.StopAsync(CancellationToken.None);
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Signs an image as the OS builder does and publishes it.</summary>
    /// <param name="image">The image.</param>
    /// <param name="sequence">Sequence of the release.</param>
    /// <param name="ct">Ends it.</param>
    /// <param name="health">How often and after how many seconds the new OS is looked at.</param>
    /// <returns>The OCI layout that was published: the image, its layers framed.</returns>
    public Task<string> PublishAsync(ReleaseImage image, int sequence, CancellationToken ct, string health = ShortTrial) => PublishAsync(image, sequence, Keys.Release, ct, health);

    /// <summary>The same, signed with another key.</summary>
    /// <param name="image">The image.</param>
    /// <param name="sequence">Sequence of the release.</param>
    /// <param name="key">File of the key.</param>
    /// <param name="ct">Ends it.</param>
    /// <param name="health">How often and after how many seconds the new OS is looked at.</param>
    /// <returns>The OCI layout that was published: the image, its layers framed.</returns>
    public async Task<string> PublishAsync(ReleaseImage image, int sequence, string key, CancellationToken ct, string health = ShortTrial)
    {
        const string version = ProvisionedDevice.NewSupervisorVersion;
        string supervisor = (await PayloadImages.BuildAsync(Lab, await TreeAsync(Lab, HostOsRelease.Old, ct, _loader), version, ct)).Supervisor;
        return await PublishAsync(image, sequence, key,
            ["--health", health, "--updater-minimum", HostOsRelease.New.ProgramVersion, "--supervisor", $"{version}={PayloadImages.SupervisorReference(version)}", "--supervisor-image", supervisor],
            ["--supervisor-image", supervisor], ct);
    }

    /// <summary>Signs and publishes an image without a supervisor, which the program of the old release may install.</summary>
    /// <param name="image">The image.</param>
    /// <param name="sequence">Sequence of the release.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>The OCI layout that was published: the image, its layers framed.</returns>
    public Task<string> PublishAloneAsync(ReleaseImage image, int sequence, CancellationToken ct) => PublishAsync(image, sequence, Keys.Release, ["--health", ShortTrial], [], ct);

    /// <summary>Publishes what the device runs: the server makes deltas from it.</summary>
    public async Task PublishRunningAsync(CancellationToken ct) =>
        await PublishAloneAsync(await ReleaseImage.BuildAsync(Lab, await TreeAsync(Lab, HostOsRelease.Old, ct, _loader), ct), sequence: 1, ct);

    /// <summary>Has the server build the delta from what the device runs, and shows it on this terminal.</summary>
    /// <param name="version">Version of the published release that it leads to.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<DeltaView> BuildDeltaAsync(string version, CancellationToken ct)
    {
        string[] request = ["delta", "request", "--from", HostOsRelease.Old.OsVersion, "--to", version];
        Lab.Progress($"$ hostup {string.Join(' ', request)} --wait");
        await Server.ShowCliAsync([.. request, "--wait"], ct);
        return JsonSerializer.Deserialize(await Server.CliAsync([.. request, "--json"], ct), WireJson.Default.DeltaView)!;
    }

    /// <summary>File of a published release's envelope.</summary>
    public string EnvelopeOf(int sequence) => Path.Combine(Folder, $"release-{sequence}.dsse");

    /// <summary>Asks for an update and follows it to its end.</summary>
    /// <returns>The attempt as the server knows it.</returns>
    public async Task<AttemptView> UpdateAsync(string version, CancellationToken ct)
    {
        await Server.CliAsync(["update", "start", Uuid, "--to", version, "--yes"], ct);
        return await WaitForEndAsync(ct);
    }

    /// <summary>Follows the last attempt to its end.</summary>
    public async Task<AttemptView> WaitForEndAsync(CancellationToken ct)
    {
        await Server.TryCliAsync(["update", "wait", Uuid, "--timeout", "1500"], ct);
        return await AttemptAsync(ct);
    }

    /// <summary>The last attempt as the server knows it.</summary>
    public async Task<AttemptView> AttemptAsync(CancellationToken ct) =>
        JsonSerializer.Deserialize(await Server.CliAsync(["update", "show", Uuid, "--json"], ct), WireJson.Default.AttemptView)!;

    /// <summary>The device as the server knows it.</summary>
    public async Task<DeviceView> DeviceViewAsync(CancellationToken ct) =>
        JsonSerializer.Deserialize(await Server.CliAsync(["device", "show", Uuid, "--json"], ct), WireJson.Default.DeviceView)!;

    /// <summary>Waits until the attempt is in one of these states or has ended.</summary>
    public Task<AttemptView> WaitForStateAsync(IReadOnlyList<string> states, CancellationToken ct) => WaitForAsync(r => states.Contains(r.State), ct);

    /// <summary>Waits until the attempt's report is as wanted or the attempt has ended.</summary>
    public async Task<AttemptView> WaitForAsync(Predicate<AttemptReport> reached, CancellationToken ct)
    {
        while (true)
        {
            var attempt = await AttemptAsync(ct);
            if (reached(attempt.Report) || AttemptStates.IsTerminal(attempt.Report.State))
                return attempt;
            // Each look is a process of its own, and the device needs the processors.
            await Task.Delay(TimeSpan.FromSeconds(1), ct);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Device.DisposeAsync();
        await Server.DisposeAsync();
    }

    private async Task<string> PublishAsync(ReleaseImage image, int sequence, string key, string[] signed, string[] published, CancellationToken ct)
    {
        string envelope = EnvelopeOf(sequence);
        string framed = envelope + ".image";
        await Server.CliAsync(
            ["release", "sign", "--image", image.Layout, "--key", key, "--device-type", _loader.DeviceType, .. _loader.SignArguments, "--sequence", $"{sequence}", .. signed, "--out", envelope], ct);
        await Server.CliAsync(["release", "publish", envelope, "--image", framed, .. published], ct);
        Lab.Progress($"release {image.Version} is signed and published");
        return framed;
    }

    private async Task PublishUpdaterAsync(CancellationToken ct)
    {
        string program = await Programs.PublishedProgram.GetAsync(Lab, "Hostup.Device", "hostup-device", HostOsRelease.New.ProgramVersion, ct);
        string envelope = Path.Combine(Folder, "updater.dsse");
        await Server.CliAsync(["updater", "sign", program, "--key", Keys.Updater, "--version", HostOsRelease.New.ProgramVersion, "--out", envelope], ct);
        await Server.CliAsync(["updater", "publish", program, "--envelope", envelope], ct);
    }

    private async Task RegisterAsync(CancellationToken ct)
    {
        string key = (await Server.CliAsync(["provisioning-key", "new"], ct)).Trim();
        string config = Path.Combine(Folder, "config.json");
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["deviceType"] = _loader.DeviceType,
            ["uuid"] = Uuid,
            ["apiEndpoint"] = Server.GuestUrl,
            ["apiKey"] = key,
        }), ct);
        await Device.RunAsync(["mount", "-o", "remount,rw", "/mnt/boot"], ct);
        await Device.PutFileAsync(config, "/mnt/boot/config.json", ct);
        await Device.RunAsync(["mount", "-o", "remount,ro", "/mnt/boot"], ct);
        await Device.RunAsync(["systemctl", "restart", "hostup-agent.service"], ct);
        long start = TimeProvider.System.GetTimestamp();
        while ((await Server.TryCliAsync(["device", "show", Uuid], ct)).ExitCode != 0)
        {
            if (TimeProvider.System.GetElapsedTime(start) > RegisterLimit)
                throw new HostupException(HostupErrors.Lab, "cannot register the device", await Device.RunAsync(["journalctl", "-u", "hostup-agent", "-n", "20", "--no-pager"], ct), "see the server's log");
        }
        Lab.Progress($"device {Uuid[..7]} is registered");
    }
}
