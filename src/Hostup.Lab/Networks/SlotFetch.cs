using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Linux.Deltas;
using Hostup.Linux.Files;
using Hostup.Linux.Network;
using Hostup.Linux.Sources;
using Hostup.Oci.Layers;
using Hostup.Oci.Registries;
using Hostup.Updates.Account;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;
using Hostup.Updates.Steps;

namespace Hostup.Lab.Networks;

/// <summary>The product's own step that brings an image to the spare slot, with real sockets and files in a folder, without a device around it.</summary>
/// <param name="folder">State and slot; kept between processes.</param>
public sealed class SlotFetch(string folder) : IAttemptProgress, IDisposable
{
    private readonly List<SourceLink> _links = [];
    private readonly MemberBuffers _buffers = new();

    /// <summary>How long servers are waited for.</summary>
    public RegistryLimits Limits { get; init; } = RegistryLimits.Default;

    /// <summary>How the image may be fetched.</summary>
    public UpdatePolicy Policy { get; init; } = new();

    /// <summary>Certificates and proxy; null: those of this machine and none.</summary>
    public ServerConnections? Connections { get; init; }

    /// <summary>Who the device is at the registry; null: nobody. Fallbacks are not told.</summary>
    public RegistryCredentials? Credentials { get; init; }

    /// <summary>Who is asked for deltas first, for the tree in the folder <c>running</c>; null: nobody.</summary>
    public Uri? Deltas { get; init; }

    /// <summary>The sources, with their accounts.</summary>
    public IReadOnlyList<IHostAppSource> Sources { get; private set; } = [];

    /// <summary>Bytes by cause, as the attempt keeps them.</summary>
    public IReadOnlyList<CauseBytes> Account { get; private set; } = [];

    /// <summary>States told, without repetition.</summary>
    public List<string> States { get; } = [];

    /// <summary>Called with each state told.</summary>
    public Action<string>? Reported { get; set; }

    /// <summary>As <see cref="FolderSlots.DropsCaches"/>.</summary>
    public bool DropsCaches { get; init; }

    /// <summary>What the operator wants.</summary>
    public AttemptWishes Wishes { get; set; }

    /// <summary>Time that passes only in pauses.</summary>
    public ISystemClock Clock { get; init; } = new SkippingClock();

    /// <summary>Runs it.</summary>
    /// <returns>The name of the source that brought the image.</returns>
    /// <exception cref="HostupException">As the step's.</exception>
    public async Task<string> RunAsync(ReleaseManifest release, IReadOnlyList<(string Name, Uri Address)> registries, CancellationToken ct)
    {
        var files = new LinuxFiles(Path.Combine(folder, "device"));
        Directory.CreateDirectory(Path.Combine(folder, "device" + Places.Hostup));
        new AttemptJournal(files).Prepare();
        var device = new SimDevice(SimRelease.Make("1.0.0", SimBehaviour.Good), SimRelease.Make("2.0.0", SimBehaviour.Good)).Device with { Files = files, Slots = new FolderSlots(folder) { DropsCaches = DropsCaches }, Clock = Clock };
        var context = new StepContext(device, Plan(release), release, update => Sources = Open(update, registries), this);
        try
        {
            return (await new WriteSlot().DoAsync(context, ct)).Source!;
        }
        finally
        {
            context.Account.Save();
            Account = AttemptAccount.Of(files, context.Plan.AttemptId) ?? [];
        }
    }

    public void Report(string state, long done, long total, string? note, LockReport? held = null)
    {
        if (States is [] || States[^1] != state)
            States.Add(state);
        Reported?.Invoke(state);
    }

    public void Dispose() => _links.ForEach(l => l.Dispose());

    /// <summary>As a device does: rate and budget are the attempt's.</summary>
    private IReadOnlyList<IHostAppSource> Open(StepContext update, IReadOnlyList<(string Name, Uri Address)> registries)
    {
        var rate = new RateLimit(TimeProvider.System, () => update.Policy.BytesPerSecond);
        var sources = new List<IHostAppSource>();
        if (Deltas is { } server)
        {
            var roots = new SlotRoots(update.Device.Slots, ct => RunningTree.FindAsync(update.Device, _ => { }, ct), Path.Combine(folder, "tree"));
            sources.Add(new DeltaSource(new ServerDeltas(Link(update, rate), server, Credentials ?? new RegistryCredentials("d_folder", "key of the folder")), roots));
        }
        foreach (var (name, address) in registries)
            sources.Add(new RegistrySource(name, Link(update, rate), address, name == "registry" ? Credentials : null, _buffers));
        return sources;
    }

    private SourceLink Link(StepContext update, RateLimit rate)
    {
        var link = new SourceLink(rate, Limits, Connections) { BytesLeft = () => update.BytesLeft };
        _links.Add(link);
        return link;
    }

    private UpdatePlan Plan(ReleaseManifest release) => new()
    {
        AttemptId = "0123456789abcdef0123456789abcdef",
        FromVersion = "1.0.0",
        ToVersion = release.Version,
        Manifest = Digest.Of(release.ToJson()),
        FromSlot = "resin-rootA",
        FromPartition = 2,
        ToSlot = "resin-rootB",
        ToPartition = 3,
        FileSystem = new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
        Updater = Digest.Of("updater"u8),
        UpdaterVersion = "1.0.0",
        Policy = Policy,
    };
}
