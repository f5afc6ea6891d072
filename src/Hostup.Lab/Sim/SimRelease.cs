using System.Security.Cryptography;
using System.Text;
using Hostup.Core;
using Hostup.Core.Releases;

namespace Hostup.Lab.Sim;

/// <summary>How a simulated OS behaves once it is booted.</summary>
public enum SimBehaviour
{
    /// <summary>Boots and is healthy.</summary>
    Good,

    /// <summary>The kernel panics before user space.</summary>
    Panics,

    /// <summary>Boots, but its container engine does not answer.</summary>
    Unhealthy,
}

/// <summary>A small host OS release: a few files, boot files among them.</summary>
public sealed class SimRelease
{
    private const string SlotKernel = "resin-boot/per-slot/vmlinuz";

    private static ReadOnlySpan<byte> KernelInRoot => "kernel of the root"u8;

    private SimRelease(string version, SimBehaviour behaviour, SortedDictionary<string, byte[]> files)
    {
        Version = version;
        Behaviour = behaviour;
        Files = files;
        TreeDigest = DigestOf(files);
    }

    public string Version { get; }

    public SimBehaviour Behaviour { get; }

    /// <summary>Version of the supervisor that it ships with.</summary>
    public required string SupervisorVersion { get; init; }

    /// <summary>Where its boot loader lies outside of every file system; empty: nowhere.</summary>
    public IReadOnlyList<BootAreaCopy> LoaderCopies { get; private init; } = [];

    /// <summary>That boot loader; null: it brings none.</summary>
    public byte[]? Loader => Files.GetValueOrDefault("boot/loader.bin");

    /// <summary>Content of the root tree by path without a leading slash.</summary>
    public SortedDictionary<string, byte[]> Files { get; }

    public Digest TreeDigest { get; }

    /// <summary>Boot files that both slots share, by path on the boot partition.</summary>
    public IReadOnlyDictionary<string, byte[]> BootFiles =>
        AllBootFiles.Where(f => !f.Key.StartsWith("per-slot/", StringComparison.Ordinal)).ToDictionary();

    /// <summary>The kernel, which lies in the directory of its slot.</summary>
    public byte[] Kernel => Files[SlotKernel];

    /// <summary>Whether it brings files for the directory of its slot.</summary>
    public bool BringsSlotFiles => Files.ContainsKey(SlotKernel);

    /// <summary>Whether its boot loader takes the kernel from the directory of the slot that it boots, or from its root.</summary>
    public bool LoaderChoosesBySlot => ChoosesBySlot(BootFiles["EFI/BOOT/grub.cfg"]);

    /// <summary>The same of a configuration of the boot loader.</summary>
    public static bool ChoosesBySlot(ReadOnlySpan<byte> configuration) => !configuration.StartsWith(KernelInRoot);

    private Dictionary<string, byte[]> AllBootFiles =>
        Files.Where(f => f.Key.StartsWith("resin-boot/", StringComparison.Ordinal)).ToDictionary(f => f.Key["resin-boot/".Length..], f => f.Value);

    /// <summary>Makes one.</summary>
    /// <param name="version">OS version.</param>
    /// <param name="behaviour">What it does once it is booted.</param>
    /// <param name="supervisor">Version of the supervisor that it ships with: a newer one by default.</param>
    /// <param name="trust">Content of its /etc/hostup/trust.json; null: it has none.</param>
    /// <param name="ballast">Content of a file that only makes it larger; null: none.</param>
    public static SimRelease Make(string version, SimBehaviour behaviour, string supervisor = "v14.1.0", byte[]? trust = null, byte[]? ballast = null) =>
        new(version, behaviour, Tree(version, behaviour, trust, ballast)) { SupervisorVersion = supervisor };

    /// <summary>The same with a boot loader on raw areas; those of two texts differ in every sector, so that a mixture is neither.</summary>
    public SimRelease WithLoader(string loader, IReadOnlyList<BootAreaCopy> copies) =>
        new(Version, Behaviour, new(Files, StringComparer.Ordinal) { ["boot/loader.bin"] = [.. Filled(loader, 4096).Select(b => (byte)(b + loader.Sum(c => c)))] }) { SupervisorVersion = SupervisorVersion, LoaderCopies = copies };

    /// <summary>The same with update hooks.</summary>
    /// <param name="hooks">Paths relative to their folder.</param>
    public SimRelease WithHooks(params string[] hooks)
    {
        var files = new SortedDictionary<string, byte[]>(Files, StringComparer.Ordinal);
        foreach (string hook in hooks)
            files[$"{HookFolder.Place[1..]}/{hook}"] = Encoding.UTF8.GetBytes($"#!/bin/sh\n# {hook} of {Version}\n");
        return new(Version, Behaviour, files) { SupervisorVersion = SupervisorVersion, LoaderCopies = LoaderCopies };
    }

    private IReadOnlyList<string> Hooks => HookFolder.In(Files.Keys.Where(k => k.StartsWith(HookFolder.Place[1..] + "/", StringComparison.Ordinal)).Select(k => k[HookFolder.Place.Length..]));

    /// <summary>The same with a boot loader that takes the kernel from the root.</summary>
    /// <param name="like">The release whose shared boot files it brings; null: its own.</param>
    /// <param name="slotFiles">Whether it brings files of its slot all the same: the loader of the release after it goes by them.</param>
    public SimRelease WithKernelInRoot(SimRelease? like = null, bool slotFiles = false)
    {
        var files = new SortedDictionary<string, byte[]>(Files, StringComparer.Ordinal) { ["resin-boot/EFI/BOOT/grub.cfg"] = Filled($"{Encoding.UTF8.GetString(KernelInRoot)} {Version}", 1500) };
        if (!slotFiles)
            files.Remove(SlotKernel);
        if (like is not null)
        {
            foreach (string path in BootFiles.Keys)
                files.Remove($"resin-boot/{path}");
            foreach (var (path, content) in like.BootFiles)
                files[$"resin-boot/{path}"] = content;
        }
        return new(Version, Behaviour, files) { SupervisorVersion = SupervisorVersion };
    }

    private static SortedDictionary<string, byte[]> Tree(string version, SimBehaviour behaviour, byte[]? trust, byte[]? ballast)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["etc/os-release"] = Encoding.UTF8.GetBytes($"ID=sim\nVERSION=\"{version}\"\nSLUG=sim-device\n"),
            ["sbin/init"] = Filled($"init {version} {behaviour}", 5000),
            ["usr/bin/engine"] = Filled($"engine {version}", 9000),
            ["resin-boot/EFI/BOOT/BOOTX64.EFI"] = Filled($"loader {version}", 3000),
            ["resin-boot/EFI/BOOT/grub.cfg"] = Filled($"grub.cfg {version}", 1500),
            ["resin-boot/config.txt"] = Filled($"config.txt of {version}", 700),
            ["resin-boot/cmdline.txt"] = Filled($"cmdline.txt {version}", 400),
            [SlotKernel] = Filled($"kernel {version}", 6000),
        };
        // Each version brings a boot file of its own, so that files which a newer set adds are seen to go again.
        files[$"resin-boot/overlays/{version}.dtbo"] = Filled($"overlay {version}", 600);
        if (trust is not null)
            files["etc/hostup/trust.json"] = trust;
        if (ballast is not null)
            files["usr/share/ballast"] = ballast;
        return files;
    }

    /// <summary>Digest of a simulated tree. The simulator compares trees by path and content only.</summary>
    public static Digest DigestOf(IEnumerable<KeyValuePair<string, byte[]>> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (path, content) in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{path}\0{content.Length}\0"));
            hash.AppendData(content);
        }
        return Digest.FromHash(hash.GetHashAndReset());
    }

    private ReleaseLayer Framed(int bytes) => new()
    {
        Digest = Digest.Of(Encoding.UTF8.GetBytes($"layer {Version} {Behaviour}")),
        Size = bytes,
        MediaType = "application/vnd.oci.image.layer.v1.tar+gzip",
        Members = [.. Enumerable.Range(0, bytes).Chunk(LayerMember.MaxSize).Select(c => new LayerMember(c.Length, c.Length, TreeDigest))],
    };

    /// <summary>The release manifest.</summary>
    public ReleaseManifest Manifest(long sequence) => new()
    {
        Version = Version,
        DeviceType = "sim-device",
        BootLoaders = Core.Devices.BootLoaders.Served,
        Sequence = sequence,
        SignedAt = DateTimeOffset.UnixEpoch,
        Image = new ReleaseImage { Digest = Digest.Of(Encoding.UTF8.GetBytes($"image {Version} {Behaviour}")), Repository = "hostos/sim-device", DownloadBytes = Files.Sum(f => f.Value.LongLength), Layers = [Framed(Files.Sum(f => f.Value.Length))] },
        TreeDigest = TreeDigest,
        Root = new RootFileSystem { ContentBytes = Files.Sum(f => f.Value.LongLength), SpaceBytes = 100_000, Entries = Files.Count },
        BootFiles = [.. AllBootFiles.Select(f => new BootFile(f.Key, f.Value.LongLength, Digest.Of(f.Value)))],
        Requires = [.. LoaderCopies is [] ? Array.Empty<string>() : [BootArea.Feature], .. Hooks is [] ? Array.Empty<string>() : [HookFolder.Feature]],
        Hooks = Hooks,
        BootAreas = LoaderCopies is [] ? [] : [new BootArea { Name = "loader", Path = "/boot/loader.bin", Size = Loader!.Length, Digest = Digest.Of(Loader), Copies = LoaderCopies, SingleCopy = LoaderCopies.Count == 1 }],
        Supervisor = new ReleaseSupervisor(SupervisorVersion, $"sim/supervisor:{SupervisorVersion}@{Digest.Of(Encoding.UTF8.GetBytes(SupervisorVersion))}") { DownloadBytes = SimImage.LayerBytes },
        Health = new HealthSettings { IntervalSeconds = 10, Count = 3 },
    };

    private static byte[] Filled(string text, int length) =>
        [.. Encoding.UTF8.GetBytes(text), .. Enumerable.Range(0, length - Encoding.UTF8.GetByteCount(text)).Select(i => (byte)(i * 7 + text.Length))];
}
