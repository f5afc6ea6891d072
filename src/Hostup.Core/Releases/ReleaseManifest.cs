using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core.Errors;
using Hostup.Core.Versions;

namespace Hostup.Core.Releases;

/// <summary>
/// What a host OS release is: the document that the OS builder signs and the device believes. docs/release-manifest.md describes each field.
/// Unknown fields are ignored; an unknown name in <see cref="Requires"/> refuses the release.
/// </summary>
/// <remarks>Source-generated JSON hands the default of its type to an init property whose field is missing; the setters here put ours in its place.</remarks>
public sealed record ReleaseManifest
{
    /// <summary>DSSE payload type of a release manifest.</summary>
    public const string PayloadType = "application/vnd.hostup.release.v1+json";

    /// <summary>Most bytes of a manifest, signatures not counted: a device keeps it on its state partition, which is small. A list of members of 100 MB of image has 20 KiB.</summary>
    public const int MaxBytes = 256 << 10;

    /// <summary>Features that this program knows.</summary>
    public static readonly IReadOnlySet<string> KnownFeatures = System.Collections.Frozen.FrozenSet.Create(BootArea.Feature, HookFolder.Feature);

    /// <summary>Names of features that a reader must know to use this release: <see cref="KnownFeatures"/>.</summary>
    public IReadOnlyList<string> Requires { get; init => field = value ?? []; } = [];

    /// <summary>OS version as in the image's /etc/os-release VERSION.</summary>
    public required string Version { get; init; }

    /// <summary>Names the build, free text; two builds of one version differ here.</summary>
    public string BuildId { get; init => field = value ?? ""; } = "";

    /// <summary>Slug of the device type.</summary>
    public required string DeviceType { get; init; }

    /// <summary>Families of boot loaders that its boot files and root serve, names of <see cref="Devices.BootLoaders"/>; empty: those that the program knows of the device type.</summary>
    public IReadOnlyList<string> BootLoaders { get; init => field = value ?? []; } = [];

    /// <summary>Grows with each release of a device type; a device refuses a lower one than it has committed.</summary>
    public required long Sequence { get; init; }

    /// <summary>When it was signed; raises the clock floor of a device.</summary>
    public required DateTimeOffset SignedAt { get; init; }

    /// <summary>From then on no device installs it; null: never. Judged by <see cref="ReleaseFreshness"/>.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>The image.</summary>
    public required ReleaseImage Image { get; init; }

    /// <summary>Tree digest of the root file system that the image unpacks to (docs/tree-digest.md).</summary>
    public required Digest TreeDigest { get; init; }

    /// <summary>The file system to make on the spare slot.</summary>
    public required RootFileSystem Root { get; init; }

    /// <summary>Files of the image's /resin-boot, with paths relative to the boot partition.</summary>
    public IReadOnlyList<BootFile> BootFiles { get; init => field = value ?? []; } = [];

    /// <summary>Raw areas of the boot loader outside of every file system; empty: an update leaves them alone.</summary>
    public IReadOnlyList<BootArea> BootAreas { get; init => field = value ?? []; } = [];

    /// <summary>Update hooks of the image, relative to <see cref="HookFolder.Place"/>; empty: none is run.</summary>
    public IReadOnlyList<string> Hooks { get; init => field = value ?? []; } = [];

    /// <summary>Paths on the boot partition that an update never replaces; null: the built-in list of the device program for this version.</summary>
    public IReadOnlyList<string>? KeptBack { get; init; }

    /// <summary>The supervisor this release ships with; null: none.</summary>
    public ReleaseSupervisor? Supervisor { get; init; }

    /// <summary>Storage drivers whose store on the data partition this release's engine opens, for example <c>overlay2</c>; empty: not said, any.</summary>
    public IReadOnlyList<string> EngineStores { get; init => field = value ?? []; } = [];

    /// <summary>Lowest version of the device program that can carry out this update.</summary>
    public string UpdaterMinimum { get; init => field = value ?? "0.0.0"; } = "0.0.0";

    /// <summary>Versions below this one that a device with an older OS runs first; empty: every OS of this path goes to it directly.</summary>
    public IReadOnlyList<string> SteppingStones { get; init => field = value ?? []; } = [];

    /// <summary>Notes for people: what is new in the OS, and on this device type; at most some KiB each.</summary>
    public ReleaseNotes Notes { get; init => field = value ?? new("", ""); } = new("", "");

    /// <summary>Packages with their versions, <c>name version</c> each; empty when the builder names none.</summary>
    public IReadOnlyList<string> Packages { get; init => field = value ?? []; } = [];

    /// <summary>Health checks of the trial.</summary>
    public HealthSettings Health { get; init => field = value ?? new(); } = new();

    /// <summary>The version that a device runs before this one: the lowest stepping stone above what it runs now; null: this one is next.</summary>
    /// <param name="running">Version of the running OS.</param>
    public string? StoneAfter(string? running) =>
        SteppingStones.Where(s => OsVersion.TextOrder.Compare(s, running) > 0).Order(OsVersion.TextOrder).FirstOrDefault();

    /// <summary>Reads the JSON of a manifest.</summary>
    /// <exception cref="HostupException"><c>bad-image</c> when it is not JSON or a required field is missing; <c>requires</c> when it requires a feature we do not know.</exception>
    public static ReleaseManifest Parse(ReadOnlySpan<byte> json)
    {
        var manifest = Read(json);
        string[] unknown = [.. manifest.Requires.Except(KnownFeatures)];
        return unknown is []
            ? manifest
            : throw new HostupException(HostupErrors.Requires, $"cannot use release {manifest.Version}", $"it requires '{string.Join("', '", unknown)}', unknown to this program", "update through an older release first, or use a newer updater");
    }

    /// <summary>Reads the JSON of a manifest whatever it requires: to show it, to undo or to roll back.</summary>
    /// <exception cref="HostupException"><c>bad-image</c> when it is too large, not JSON or a required field is missing.</exception>
    public static ReleaseManifest Read(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
            throw new HostupException(HostupErrors.BadImage, "cannot use the release manifest", $"it has {json.Length} bytes, and a device keeps at most {MaxBytes}", "sign the release with shorter lists of packages and boot files, or shorter notes");
        try
        {
            var manifest = JsonSerializer.Deserialize(json, ReleaseJson.Default.ReleaseManifest)
                ?? throw new JsonException("it is null");
            return ReleaseLimits.Fault(manifest) is { } fault ? throw new JsonException(fault) : manifest;
        }
        catch (JsonException e)
        {
            throw new HostupException(HostupErrors.BadImage, "cannot read release manifest", e.Message, "sign the release again with `hostup release sign`", e);
        }
    }

    /// <summary>The JSON of this manifest, UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ReleaseJson.Default.ReleaseManifest);
}

/// <summary>Where the image is and what it costs.</summary>
public sealed record ReleaseImage
{
    /// <summary>Digest of the OCI image manifest.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Repository on the server's pull endpoint and on the fallback registry, for example <c>hostos/genericx86-64</c>.</summary>
    public required string Repository { get; init; }

    /// <summary>Bytes of manifest, config and layers as they travel.</summary>
    public required long DownloadBytes { get; init; }

    /// <summary>The layers, lowest first; empty in manifests of older signers: the registry's documents name them then.</summary>
    public IReadOnlyList<ReleaseLayer> Layers { get; init => field = value ?? []; } = [];

    /// <summary>Bytes of the layers in which a broken download cannot go on: each is begun anew. The whole image when its layers are not known.</summary>
    [JsonIgnore]
    public long BytesBegunAnew => Layers is [] ? DownloadBytes : Layers.Where(l => l.Members is []).Sum(l => l.Size);

    /// <summary>Bytes of the layers from a place in them on; the whole image when its layers are not known.</summary>
    public long BytesFrom(RootTrees.TreePlace place)
    {
        if (Layers is [])
            return DownloadBytes;
        long passed = Layers.Take(place.Layer).Sum(l => l.Size), content = 0;
        foreach (var member in place.Layer < Layers.Count ? Layers[place.Layer].Members : [])
        {
            content += member.ContentSize;
            if (content > place.Offset)
                break;
            passed += member.Size;
        }
        return Layers.Sum(l => l.Size) - passed;
    }
}

/// <summary>The ext4 file system of a root slot.</summary>
public sealed record RootFileSystem
{
    /// <summary>Sum of file sizes, holes included, in bytes.</summary>
    public required long ContentBytes { get; init; }

    /// <summary>Bytes the tree takes on an ext4 file system with 4 KiB blocks, its metadata included; what the space check uses.</summary>
    public required long SpaceBytes { get; init; }

    /// <summary>Number of entries.</summary>
    public required long Entries { get; init; }

    /// <summary>Label of the file system; empty: the slot's own name.</summary>
    public string Label { get; init => field = value ?? ""; } = "";

    /// <summary>The label for a slot. A label that names a slot would be the other one's as often as not, and the next update would refuse it: the slot's own then.</summary>
    public string LabelOn(string slot) => Label.Length == 0 || SlotName.Is(Label) ? slot : Label;

    /// <summary>Inodes that its file system gets on a slot: as many as mke2fs gives by itself, and a quarter more than the tree has names, as far as ext4 can have them.</summary>
    /// <param name="slotBytes">Size of the slot.</param>
    /// <remarks>mke2fs.conf(5) as e2fsprogs ships it: one for 4 KiB below 512 MiB, one for 16 KiB from there on. With blocks of 4 KiB a group of 128 MiB has 32,768 at most.</remarks>
    public long InodesOn(long slotBytes)
    {
        long usual = slotBytes / (slotBytes < 512L << 20 ? 4096 : 16384);
        long most = ((slotBytes - 1) / (128L << 20) + 1) * 32768;
        return Entries > most ? most : Math.Clamp(Entries + (Entries / 4) + ReservedInodes, usual, most);
    }

    /// <summary>Bytes that the slot must have: <see cref="SpaceBytes"/>, which has an inode for each name, and the inodes beyond these. Null: no file system on it has one for each name.</summary>
    /// <param name="slotBytes">Size of the slot.</param>
    public long? SpaceOn(long slotBytes)
    {
        long inodes = InodesOn(slotBytes);
        if (Entries > inodes - ReservedInodes)
            return null;
        long more = (inodes - Entries) * InodeBytes;
        return SpaceBytes > long.MaxValue - more ? long.MaxValue : SpaceBytes + more;
    }

    private const int InodeBytes = 256;

    /// <summary>Those of ext4 itself are eleven; one is the list of directories while the slot is written.</summary>
    private const int ReservedInodes = 16;

    /// <summary>Explicit feature list for <c>mke2fs -O none,...</c>.</summary>
    public IReadOnlyList<string> Ext4Features { get; init => field = value ?? DefaultExt4Features; } = DefaultExt4Features;

    private static readonly IReadOnlyList<string> DefaultExt4Features =
        ["has_journal", "ext_attr", "resize_inode", "dir_index", "filetype", "extent", "flex_bg", "sparse_super", "large_file", "huge_file", "dir_nlink", "extra_isize"];
}

/// <summary>One file of the boot partition.</summary>
/// <param name="Path">Relative to the boot partition, with '/'.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Digest">Digest of the content.</param>
public sealed record BootFile(string Path, long Size, Digest Digest);

/// <summary>Notes for people.</summary>
/// <param name="Os">What is new in the OS.</param>
/// <param name="DeviceType">What is new on this device type.</param>
public sealed record ReleaseNotes(string Os, string DeviceType);

/// <summary>The supervisor of a release.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Image">Image for the engine to pull, in the notation of <see cref="EngineImageName"/>; null: only the version is known.</param>
public sealed record ReleaseSupervisor(string Version, string? Image)
{
    /// <summary>Bytes of the image as it travels, all layers; an engine that holds some of them fetches less. Null: not said.</summary>
    public long? DownloadBytes { get; init; }
}

/// <summary>How long the new OS may take to prove itself. Defaults as upstream's rollback-health.</summary>
public sealed record HealthSettings
{
    private const int DefaultIntervalSeconds = 60;
    private const int DefaultCount = 15;

    /// <summary>Pause before the first and between checks, seconds, 1 to 3600.</summary>
    public int IntervalSeconds { get; init => field = value == 0 ? DefaultIntervalSeconds : value; } = DefaultIntervalSeconds;

    /// <summary>Checks before the verdict is "unhealthy", 1 to 1000.</summary>
    public int Count { get; init => field = value == 0 ? DefaultCount : value; } = DefaultCount;
}

/// <summary>JSON of releases, source-generated.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(DigestJsonConverter)])]
[JsonSerializable(typeof(ReleaseManifest))]
internal sealed partial class ReleaseJson : JsonSerializerContext;
