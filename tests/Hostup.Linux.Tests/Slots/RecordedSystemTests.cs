using Hostup.Core.Errors;

namespace Hostup.Linux.Tests.Slots;

/// <summary>Slots are told apart by canonical device, on disks, RAID arrays, mapped and mislabelled partitions.</summary>
public sealed class RecordedSystemTests
{
    private static readonly Dictionary<string, (string Running, string Spare)> Accepted = new()
    {
        ["sata-disk"] = ("/dev/sda2", "/dev/sda3"),
        ["nvme-on-b"] = ("/dev/nvme0n1p3", "/dev/nvme0n1p2"),
        ["mmc-mbr-by-label"] = ("/dev/mmcblk0p2", "/dev/mmcblk0p3"),
        ["second-disk-same-labels"] = ("/dev/sda2", "/dev/sda3"),
        ["no-names-at-all"] = ("/dev/sda2", "/dev/sda3"),
        ["raid1-partitioned-array"] = ("/dev/md126p2", "/dev/md126p3"),
        ["guest-disk"] = ("/dev/loop0p2", "/dev/loop0p3"),
        ["guest-raid1-partitioned-array"] = ("/dev/md126p2", "/dev/md126p3"),
    };

    // Each names the accepted system that it is but for the fault.
    private static readonly Dictionary<string, (string Code, string Why, string Twin)> Refused = new()
    {
        ["raid1-array-per-slot"] = ("slot-layout", "the running root /dev/md2 is a RAID array (raid1), no partition of a disk", "raid1-partitioned-array"),
        ["raid1-spare-is-member"] = ("slot-layout", "the spare slot /dev/sda3 is a part of md3, a RAID array (raid1)", "sata-disk"),
        ["raid1-running-is-member"] = ("slot-layout", "the running slot /dev/sda2 is a part of md2, a RAID array (raid1)", "sata-disk"),
        ["crypt-root"] = ("slot-layout", "the running root /dev/mapper/resin-rootA is a device-mapper device (resin-rootA), no partition of a disk", "sata-disk"),
        ["mapped-spare"] = ("slot-layout", "the spare slot /dev/sda3 is a part of dm-0, a device-mapper device (backup)", "sata-disk"),
        ["two-root-a"] = ("slot-layout", "/dev/sda2 and /dev/sda3 are both named resin-rootA", "sata-disk"),
        ["two-root-a-on-mbr"] = ("slot-layout", "/dev/mmcblk0p2 and /dev/mmcblk0p3 are both named resin-rootA", "mmc-mbr-by-label"),
        ["both-names-on-running"] = ("same-slot", "resin-rootA and resin-rootB are both /dev/sda2", "sata-disk"),
        ["names-exchanged"] = ("slot-layout", "/dev/sda2 is named resin-rootB, but its number makes it resin-rootA", "sata-disk"),
        ["data-named-root-b"] = ("slot-layout", "/dev/sda3 and /dev/sda6 are both named resin-rootB", "second-disk-same-labels"),
        ["spare-mounted-by-label"] = ("slot-layout", "the spare slot /dev/sda3 is mounted", "sata-disk"),
        ["guest-raid1-array-per-slot"] = ("slot-layout", "the running root /dev/md2 is a RAID array (raid1), no partition of a disk", "guest-raid1-partitioned-array"),
        ["guest-raid1-spare-is-member"] = ("slot-layout", "the spare slot /dev/loop0p3 is a part of md3, a RAID array (raid1)", "guest-disk"),
        ["guest-mapped-spare"] = ("slot-layout", "the spare slot /dev/loop0p3 is a part of dm-0, a device-mapper device (backup)", "guest-disk"),
        ["guest-two-root-a"] = ("slot-layout", "/dev/loop0p2 and /dev/loop0p3 are both named resin-rootA", "guest-disk"),
        ["guest-names-exchanged"] = ("same-slot", "resin-rootB and resin-rootA are both /dev/loop0p2", "guest-disk"),
        ["guest-data-named-root-b"] = ("slot-layout", "/dev/loop0p3 and /dev/loop0p6 are both named resin-rootB", "guest-disk"),
        ["container-store"] = ("slot-layout", "the running root is overlay (overlay), no block device", "sata-disk"),
    };

    public static TheoryData<string> AcceptedNames() => [.. Accepted.Keys];

    public static TheoryData<string> RefusedNames() => [.. Refused.Keys];

    [Fact]
    public void Every_recorded_system_is_judged() =>
        Assert.Equal(RecordedSystem.Names(), Accepted.Keys.Concat(Refused.Keys).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(AcceptedNames))]
    public void A_system_whose_slots_can_be_told_apart_is_accepted(string name)
    {
        using var system = new RecordedSystem(name);

        var (running, spare) = system.FindSlots();

        Assert.Equal(Accepted[name], (running.Device, spare.Device));
        Assert.Equal(638_976L * 512, spare.SizeBytes);
        Assert.NotEqual(running.Label, spare.Label);
    }

    [Theory, MemberData(nameof(RefusedNames))]
    public void A_system_that_leaves_a_doubt_is_refused_with_what_was_seen_and_what_to_do(string name)
    {
        using var system = new RecordedSystem(name);
        var (code, why, twin) = Refused[name];

        var error = Assert.Throws<HostupException>(() => system.FindSlots());

        Assert.Equal(code, error.Code.Id);
        Assert.Equal(why, error.Why);
        Assert.True(error.WhatToDo.Length > 10, error.WhatToDo);
        Assert.Contains(twin, Accepted.Keys);
    }
}
