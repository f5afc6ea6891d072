using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Slots;

namespace Hostup.Updates.Tests.Checks;

/// <summary>Every fault that a check refuses, with its twin.</summary>
public static class Refusals
{
    private const long MiB = 1 << 20;
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    public static IReadOnlyList<Refusal> All { get; } =
    [
        new("another update runs", "update-running", d => d.Ports.Other = "process 77 /usr/bin/hostup-device since 2026-01-01T00:00:00Z"),
        new("signed by a key that nobody trusts", "signature", d => Untrusted(d, HostupErrors.Signature, "signed by unknown key 12ab")),
        new("signed by an updater key", "signature", d => Untrusted(d, HostupErrors.Signature, "0 of 1 signatures by keys of role release")),
        new("requires what this program does not know", "requires", d => Untrusted(d, HostupErrors.Requires, "it requires 'verity', unknown to this program")),
        new("a release whose time is over", "expired", d => Untrusted(d, HostupErrors.Expired, "it may be installed until 2026-01-01 and it is 2026-02-01")),
        new("a list of keys that cannot be read", "signature", d => Untrusted(d, HostupErrors.BadConfig, "no such file: /etc/hostup/trust.json")) { Code = "bad-config" },
        new("the root is a RAID array", "slot-layout", d => d.Slots.Fault = Slot(HostupErrors.SlotLayout, "the running root /dev/md2 is a RAID array (raid1), no partition of a disk")),
        new("the spare slot is mounted", "slot-layout", d => d.Slots.Fault = Slot(HostupErrors.SlotLayout, "the spare slot /dev/sim3 is mounted")),
        new("container-store layout below sysroot", "slot-layout", d => d.Files.Elsewhere["/mnt/sysroot/active/hostapps/1/boot"] = []),
        new("container store of balenaEngine", "slot-layout", d => d.Files.Elsewhere["/mnt/sysroot/active/balena/image/overlay2/repositories.json"] = []),
        new("container-store layout on the root itself", "slot-layout", d => d.Files.Elsewhere["/hostapps/1/boot"] = []),
        new("both labels on one partition", "same-slot", d => d.Slots.Fault = Slot(HostupErrors.SameSlot, "resin-rootA and resin-rootB are both /dev/sim2")),
        new("a 1.x system", "os-version", d => OsRelease(d, "1.26.0"), d => OsRelease(d, "2.0.0")),
        new("a version that is none", "os-version", d => OsRelease(d, "0.7.1.2.3"), d => OsRelease(d, "2.0.0+rev1")),
        new("a stepping stone that is left out", "os-version", d => Release(d, r => r with { SteppingStones = ["2.90.0", "2.100.1", "2.100.5"] }), d => Release(d, r => r with { SteppingStones = ["2.90.0", "2.100.0"] })),
        new("another device type in config.json", "device-type", d => Config(d, """{"deviceType":"other-device"}"""), d => Config(d, """{"deviceType":"sim-device"}""")),
        new("a device of unknown type", "device-type", d => OsRelease(d, "2.100.0", slug: ""), d => OsRelease(d, "2.100.0")),
        new("a type whose boot loader nobody knows", "device-type", d => Release(d, r => r with { BootLoaders = [] }), d => Release(d, r => r with { BootLoaders = ["grub"] })),
        new("a release for another boot loader", "device-type", d => Release(d, r => r with { BootLoaders = ["u-boot"] }), d => Release(d, r => r with { BootLoaders = ["u-boot", "grub"] })),
        new("a type whose boot loader has slots of its own", "device-type", d => OfType(d, "jetson-xavier"), d => OfType(d, "genericx86-64")),
        new("a type with other slots", "device-type", d => OfType(d, "intel-edison", "grub"), d => OfType(d, "intel-nuc", "grub")),
        new("an older release", "not-newer", d => Release(d, r => r with { Version = "2.99.9" }), d => Release(d, r => r with { Version = "2.100.1" })),
        new("an older revision", "not-newer", d => Versions(d, "2.100.0+rev2", "2.100.0+rev1"), d => Versions(d, "2.100.0+rev2", "2.100.0+rev11")),
        new("the same release", "not-newer", d => Release(d, r => r with { Version = "2.100.0" }), d => Release(d, r => r with { Version = "2.100.0" }, reinstall: true)),
        new("an older release with --reinstall", "not-newer", d => Release(d, r => r with { Version = "2.99.9" }, reinstall: true), d => Release(d, r => r with { Version = "2.100.0" }, reinstall: true)),
        new("a lower sequence than committed", "not-newer", d => State(d, Places.HighestSequence, "3"), d => State(d, Places.HighestSequence, "1")),
        new("the sequence that was committed", "not-newer", d => State(d, Places.HighestSequence, "2"), d =>
        {
            State(d, Places.HighestSequence, "2");
            Release(d, r => r with { Version = "2.100.0" }, reinstall: true);
        }),
        new("no room for the updater anywhere", "space-data", d => Updater(d, "8.0.0", data: 59 * MiB, memory: 63 * MiB), d => Updater(d, "9.9.9", data: 59 * MiB, memory: 63 * MiB)) { Also = "updater-too-old" },
        new("an updater that is too old", "updater-too-old", d => Release(d, r => r with { UpdaterMinimum = "10.0.0" }), d => Release(d, r => r with { UpdaterMinimum = "9.9.9" })),
        new("rolled back here before", "known-bad", KnownBad, d => { KnownBad(d); d.Target = d.Target with { Reinstall = true }; }),
        new("no boot environment", "boot-environment", d => d.Boot.Provision(SimDevice.GrubEnv, []), d => Boot(d, 2, false)),
        new("a boot environment without its variables", "boot-environment", d => d.Boot.Provision(SimDevice.GrubEnv, Encoding.ASCII.GetBytes("# GRUB Environment Block\n".PadRight(1024, '#'))), d => Boot(d, 2, false)),
        new("a boot environment that names the other slot", "trial-pending", d => Boot(d, 3, false), d => Boot(d, 2, false)),
        new("a trial without a verdict", "trial-pending", d => Boot(d, 2, true), d => Boot(d, 2, false)),
        new("a clock before the OS was built", "clock", d => Built(d, d.Ports.Now.AddMinutes(11)), d => Built(d, d.Ports.Now.AddMinutes(9))),
        new("a clock before a release that was committed", "clock", d => State(d, Places.ClockFloor, $"{d.Ports.Now.AddDays(1):O}"), d => State(d, Places.ClockFloor, $"{d.Ports.Now.AddDays(-1):O}")),
        new("a synchronised clock before the release was signed", "clock", SignedTomorrow, d => { SignedTomorrow(d); d.Ports.IsSynchronised = false; }),
        new("an empty battery and no mains", "power-supply", d => d.Ports.Supplies = [new("BAT0", true, null, 12)], d => d.Ports.Supplies = [new("BAT0", true, null, 12), new("AC", false, true, null)]),
        new("mains unplugged, battery just below the threshold", "power-supply", d => d.Ports.Supplies = [new("AC", false, false, null), new("BAT0", true, null, 29)], d => d.Ports.Supplies = [new("AC", false, false, null), new("BAT0", true, null, 30)]),
        new("a window of a time zone that the device does not know", "policy", d => Policy(d, new UpdatePolicy { RebootWindow = "02:00-04:00 Mars/Olympus" }), d => Policy(d, new UpdatePolicy { RebootWindow = "00:00-23:59 Europe/Berlin" })),
        new("a window that is none", "policy", d => Policy(d, new UpdatePolicy { DownloadWindow = "at night" }), d => Policy(d, new UpdatePolicy { DownloadWindow = "00:00-23:59 +01:00" })),
        new("a slot that is one byte too small", "root-space", d => d.Slots.SizeBytes = RootNeeded - 1, d => d.Slots.SizeBytes = RootNeeded),
        new("a slot whose file system has no inode for each name", "root-space", d => Release(d, r => r with { Root = r.Root with { Entries = 32_753 } }), d => Release(d, r => r with { Root = r.Root with { Entries = 32_752 } })),
        new("a feature that mke2fs does not know", "mkfs", d => Features(d, "verity"), d => { Features(d, "verity"); d.Slots.KnownFeatures = d.Target.Release.Root.Ext4Features; }),
        new("a boot loader that may choose files by slot, and none for the running OS", "boot-slot", d => { BringsNoSlotFiles(d); d.Boot.Delete(Places.Boot + "/slot-2/vmlinuz"); }, BringsNoSlotFiles),
        new("a raw area of the boot loader on a medium that is not there", "boot-areas", d => Areas(d, "boot0", 8192), d => Areas(d, "disk", 8192)),
        new("a raw area behind the end of the medium", "boot-areas", d => Areas(d, "disk", 128 << 10), d => Areas(d, "disk", (128 << 10) - 4096)),
        new("two boot files that differ by case only", "boot-names", d => BootFileMore(d, "EFI/BOOT/GRUB.CFG"), d => BootFileMore(d, "EFI/BOOT/GRUB2.CFG")),
        new("a boot file with a character that FAT has none of", "boot-names", d => BootFileMore(d, "kernel:old"), d => BootFileMore(d, "kernel-old")),
        new("a boot file with the short name of an owner's file", "boot-names", d => BesideTheOwners(d, "overlays/OWNERS~1.DTB"), d => BesideTheOwners(d, "overlays/OTHERS~1.DTB")),
        new("a boot partition that is one byte too small", "boot-space", d => d.Files.Free[Places.Boot] = BootNeeded(d) - 1, d => d.Files.Free[Places.Boot] = BootNeeded(d)),
        new("a boot file more than is kept back", "boot-space", d => KeptBackFew(d, BootNeeded(d)), d => d.Files.Free[Places.Boot] = BootNeeded(d)),
        new("a full state partition", "state-space", d => d.Files.Free[Places.State] = (2 * MiB) - 1, d => d.Files.Free[Places.State] = 2 * MiB),
        new("an engine that hangs", "engine", d => d.Ports.EngineHangs = true),
        new("an engine store that the release does not open", "engine-store", d => Store(d, "aufs"), d => Store(d, "overlay2")),
        new("an image that the registry does not have", "image-missing", d => d.Sources = [Missing("registry")], d => d.Sources = [Missing("registry"), new SimSource("fallback", New)]),
        new("an image that no source has", "image-missing", d => d.Sources = [Missing("registry"), Missing("fallback")], d => d.Sources = [new SimSource("registry", New), Missing("fallback")]),
        new("no source at all", "image-missing", d => d.Sources = []),
        new("a registry that cannot be reached", "image-missing", d => d.Sources = [Unreachable()], d => { d.Sources = [Unreachable()]; SpareHoldsNew(d); }) { Code = "link" },
        new("one source without it, one out of reach", "image-missing", d => d.Sources = [Missing("registry"), new SimSource("fallback", New, breakAfterEntries: 0)], d => d.Sources = [Unreachable(), new SimSource("fallback", New)]) { Code = "link" },
        new("something else in the place of the image's manifest", "image-missing", d => d.Sources = [Missing("registry"), Refusing(HostupErrors.DigestMismatch)], d => d.Sources = [Refusing(HostupErrors.DigestMismatch), new SimSource("fallback", New)]),
        new("a budget without room for the question to the registry", "image-missing", d => d.Sources = [Refusing(HostupErrors.ByteBudget)]) { Code = "byte-budget" },
    ];

    public static SimDevice Device(params int[] cuts) => new(Old, New, cuts: cuts);

    /// <summary>A device with a release that has raw areas of a boot loader: the check of them is asked for no other.</summary>
    public static SimDevice DeviceWithAreas()
    {
        var device = Device();
        Areas(device, "disk", 8192);
        return device;
    }

    private static void Areas(SimDevice device, string medium, long offset)
    {
        device.Media.Provision("disk", 0, []);
        var area = new BootArea { Name = "loader", Path = "/boot/loader.bin", Size = 4096, Digest = Core.Digest.Of("loader"u8), Copies = [new BootAreaCopy(medium, offset), new BootAreaCopy("disk", 64 << 10)] };
        Release(device, r => r with { Requires = [BootArea.Feature], BootAreas = [area] });
    }

    private static void Untrusted(SimDevice device, HostupErrorCode code, string why) =>
        device.Target = device.Target with { TrustFault = new HostupException(code, "cannot use the release", why, "sign it with a key of role release") };

    private static HostupException Slot(HostupErrorCode code, string why) => new(code, "cannot tell the slots", why, "see docs/device-support.md");

    private static void OsRelease(SimDevice device, string version, string slug = "sim-device") =>
        device.Files.Elsewhere["/etc/os-release"] = Encoding.UTF8.GetBytes($"ID=sim\nVERSION=\"{version}\"\nSLUG={slug}\n");

    private static void Config(SimDevice device, string json) => device.Boot.Provision(Places.Boot + "/config.json", Encoding.UTF8.GetBytes(json));

    private static void Release(SimDevice device, Func<ReleaseManifest, ReleaseManifest> change, bool reinstall = false) =>
        device.Target = device.Target with { Release = change(device.Target.Release), Reinstall = reinstall };

    private static void Policy(SimDevice device, UpdatePolicy policy) => device.Target = device.Target with { Policy = policy };

    private static void Versions(SimDevice device, string running, string target)
    {
        OsRelease(device, running);
        Release(device, r => r with { Version = target });
    }

    private static void State(SimDevice device, string path, string content) => device.State.Provision(path, Encoding.ASCII.GetBytes(content));

    // The release needs updater 9.0.0; the one that the server names has 30 MiB.
    private static void Updater(SimDevice device, string version, long data, long memory)
    {
        Release(device, r => r with { UpdaterMinimum = "9.0.0" });
        device.Target = device.Target with { UpdaterVersion = version, UpdaterBytesMissing = 30 * MiB };
        (device.Files.Free[Places.Data], device.Files.Free["/run"]) = (data, memory);
    }

    private static void KnownBad(SimDevice device) => State(device, Places.KnownBad, $"{device.Target.Release.Image.Digest}\n");

    private static void OfType(SimDevice device, string type, params string[] loaders)
    {
        Config(device, $$"""{"deviceType":"{{type}}"}""");
        Release(device, r => r with { DeviceType = type, BootLoaders = loaders });
    }

    private static void Boot(SimDevice device, int partition, bool trial) => device.Boot.Provision(SimDevice.GrubEnv, GrubEnvironment.NewBlock(new BootSettings(partition, trial, 0)));

    private static void Built(SimDevice device, DateTimeOffset time) => device.Files.Elsewhere["/etc/timestamp"] = Encoding.ASCII.GetBytes($"{time:yyyyMMddHHmmss}\n");

    private static void SignedTomorrow(SimDevice device) => Release(device, r => r with { SignedAt = device.Ports.Now.AddDays(1) });

    private static void Features(SimDevice device, string more) =>
        Release(device, r => r with { Root = r.Root with { Ext4Features = [.. r.Root.Ext4Features, more] } });

    private static long RootNeeded => New.Manifest(2).Root.SpaceOn(100_000)!.Value;

    private static long BootNeeded(SimDevice device) =>
        new BootPartition(device.Files, device.Device.Power.BootId).Need(device.Target.Release.BootFiles, KeptBack.Of(device.Target.Release), device.RunningSlot.PartitionNumber, device.SpareSlot.PartitionNumber).Bytes;

    private static void BringsNoSlotFiles(SimDevice device) => device.Files.Elsewhere[Places.OwnBootFiles + "/cmdline.txt"] = Old.BootFiles["cmdline.txt"];

    private static void BootFileMore(SimDevice device, string path) =>
        Release(device, r => r with { BootFiles = [.. r.BootFiles, new BootFile(path, 1, Core.Digest.Of("x"u8))] });

    private static void BesideTheOwners(SimDevice device, string path)
    {
        device.Boot.Provision(Places.Boot + "/overlays/owners-overlay.dtbo", "the owner's"u8.ToArray());
        BootFileMore(device, path);
    }

    // config.txt differs too; by default it is kept back and costs nothing.
    private static void KeptBackFew(SimDevice device, long free)
    {
        device.Files.Free[Places.Boot] = free;
        Release(device, r => r with { KeptBack = ["config.json"] });
    }

    private static void Store(SimDevice device, string driver)
    {
        Release(device, r => r with { EngineStores = ["overlay2", "btrfs"] });
        device.Ports.StorageDriver = driver;
    }

    private static SimSource Missing(string name) => new(name, New) { Missing = true };

    public static SimSource Unreachable() => new("registry", New, breakAfterEntries: 0);

    private static SimSource Refusing(HostupErrorCode code) =>
        new("registry", New, breakAfterEntries: 0) { Refusal = new HostupException(code, "cannot use the manifest", "it is not what is wanted", "look at the registry") };

    private static void SpareHoldsNew(SimDevice device)
    {
        device.SlotB.Provision(New);
        SpareContent.Remember(device.Files, Guid.Empty, New.TreeDigest);
    }
}
