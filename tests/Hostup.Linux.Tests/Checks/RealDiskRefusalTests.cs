using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Updates.Files;

namespace Hostup.Linux.Tests.Checks;

/// <summary>Faults of real file systems are refused by their check, no block of boot partition and slots changes, and the healed device is accepted.</summary>
[Trait("Needs", "root")]
public sealed class RealDiskRefusalTests
{
    private const long MiB = 1 << 20;

    private static readonly Dictionary<string, (Action<RealDisks> Plant, Action<RealDisks> Heal)> Faults = new()
    {
        ["state-space"] = (d => d.Fill(Places.State, (2 * MiB) - 4096), d => File.Delete(d.Root + Places.State + "/filler")),
        ["boot-space"] = (
            d => d.OnBoot(() => d.Fill(Places.Boot, (512 << 10) + 4096)),
            d => d.OnBoot(() => File.Delete(d.Root + Places.Boot + "/filler"))),
        ["boot-environment"] = (
            d => d.OnBoot(() => File.Move(d.Root + Places.Boot + "/EFI/BOOT/grubenv", d.Root + Places.Boot + "/away")),
            d => d.OnBoot(() => File.Move(d.Root + Places.Boot + "/away", d.Root + Places.Boot + "/EFI/BOOT/grubenv"))),
        ["device-type"] = (
            d => d.OnBoot(() => d.Write(Places.Boot + "/config.json", """{"deviceType":"other"}""")),
            d => d.OnBoot(() => d.Write(Places.Boot + "/config.json", """{"deviceType":"sim-device"}"""))),
        ["slot-layout"] = (d => d.Mount("resin-rootB", "/mnt/other"), d => d.Unmount("/mnt/other")),
        ["root-space"] = (d => Root(d, r => r with { SpaceBytes = Largest(r) + 1 }), d => Root(d, r => r with { SpaceBytes = Largest(r) })),
        ["mkfs"] = (
            d => Root(d, r => r with { Ext4Features = [.. r.Ext4Features, "feature_of_tomorrow"] }),
            d => Root(d, r => r with { Ext4Features = [.. r.Ext4Features.Where(f => f != "feature_of_tomorrow"), "metadata_csum"] })),
        ["known-bad"] = (
            d => d.Write(Places.KnownBad, d.Target.Release.Image.Digest + "\n"),
            d => d.Write(Places.KnownBad, Digest.Of("another image"u8) + "\n")),
        ["not-newer"] = (d => d.Write(Places.HighestSequence, "2"), d => d.Write(Places.HighestSequence, "1")),
        ["clock"] = (d => d.Write("/etc/timestamp", "20990101000000\n"), d => d.Write("/etc/timestamp", "20200101000000\n")),
    };

    public static TheoryData<string> Names() => [.. Faults.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task A_fault_of_a_real_disk_is_refused_by_its_check_and_its_twin_is_accepted(string check)
    {
        Run.NeedsRoot();
        Run.Needs("/usr/sbin/losetup", "/usr/sbin/mke2fs", "/usr/sbin/mkfs.vfat");
        using var device = new RealDisks();
        Faults[check].Plant(device);
        string before = device.Blocks();

        var refused = (await device.CheckAsync()).Where(c => !c.Passed).ToList();

        Assert.Equal([check], refused.Select(c => c.Name));
        Assert.NotEmpty(refused[0].Remedy);
        Assert.Equal(before, device.Blocks());
        Faults[check].Heal(device);
        Assert.Equal([], (await device.CheckAsync()).Where(c => !c.Passed).Select(c => $"{c.Name}: {c.Saw}"));
    }

    /// <summary>What a slot holds beside the inodes that no name of the release uses.</summary>
    private static long Largest(RootFileSystem root) => (16 * MiB) - ((root.InodesOn(16 * MiB) - root.Entries) * 256);

    private static void Root(RealDisks device, Func<RootFileSystem, RootFileSystem> change) =>
        device.Target = device.Target with { Release = device.Target.Release with { Root = change(device.Target.Release.Root) } };
}
