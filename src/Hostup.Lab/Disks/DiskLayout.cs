namespace Hostup.Lab.Disks;

/// <summary>One partition of the device's disk.</summary>
/// <param name="Number">Number in the partition table, from 1.</param>
/// <param name="Name">Name in the partition table; also the label of an ext4 file system on it.</param>
/// <param name="StartMiB">First MiB.</param>
/// <param name="SizeMiB">Size in MiB.</param>
public sealed record DiskPartition(int Number, string Name, int StartMiB, int SizeMiB)
{
    /// <summary>First byte on the disk.</summary>
    public long StartBytes => (long)StartMiB << 20;

    /// <summary>Size in bytes.</summary>
    public long SizeBytes => (long)SizeMiB << 20;
}

/// <summary>Kinds of partition tables.</summary>
public enum PartitionTable
{
    /// <summary>With names of partitions.</summary>
    Gpt,

    /// <summary>Four partitions without names; state and data are in the fourth.</summary>
    Mbr,
}

/// <summary>The partitions of a device, as the real OS lays them out: boot, two slots, state, data.</summary>
/// <param name="BootMiB">Size of the boot partition.</param>
/// <param name="SlotMiB">Size of each slot.</param>
/// <param name="DataMiB">Size of the data partition.</param>
public sealed record DiskLayout(int BootMiB, int SlotMiB, int DataMiB)
{
    private const int AlignMiB = 4;
    private const int StateMiB = 64;

    /// <summary>Room for the full host OS with its container engine, twice.</summary>
    public static DiskLayout Full { get; } = new(64, 700, 1200);

    /// <summary>What kind of partition table it has.</summary>
    public PartitionTable Table { get; init; } = PartitionTable.Gpt;

    /// <summary>The partition with the boot loader and its files; FAT16.</summary>
    public DiskPartition Boot => new(1, "resin-boot", AlignMiB, BootMiB);

    /// <summary>Slot A.</summary>
    public DiskPartition RootA => new(2, "resin-rootA", Boot.StartMiB + BootMiB, SlotMiB);

    /// <summary>Slot B.</summary>
    public DiskPartition RootB => new(3, "resin-rootB", RootA.StartMiB + SlotMiB, SlotMiB);

    /// <summary>Settings that survive updates.</summary>
    public DiskPartition State => new(LogicalFrom, "resin-state", RootB.StartMiB + SlotMiB + GapMiB, StateMiB);

    /// <summary>Containers and their volumes.</summary>
    public DiskPartition UserSpace => new(LogicalFrom + 1, "resin-data", State.StartMiB + StateMiB + GapMiB, DataMiB);

    /// <summary>All partitions in disk order.</summary>
    public IReadOnlyList<DiskPartition> Partitions => [Boot, RootA, RootB, State, UserSpace];

    /// <summary>Size of the whole disk with room for the second partition table.</summary>
    public long SizeBytes => (long)(UserSpace.StartMiB + DataMiB + AlignMiB) << 20;

    // With MBR the fourth partition holds the others, each behind a table of its own.
    private int LogicalFrom => Table == PartitionTable.Mbr ? 5 : 4;

    private int GapMiB => Table == PartitionTable.Mbr ? AlignMiB : 0;

    /// <summary>Input of sfdisk.</summary>
    public string ToScript() => Table == PartitionTable.Mbr ? ToMbrScript() : ToGptScript();

    private string ToMbrScript()
    {
        const string fat16 = "e", linux = "83", extended = "5";
        int start = RootB.StartMiB + SlotMiB;
        string container = $"4 : start={start}MiB, size={UserSpace.StartMiB + DataMiB - start}MiB, type={extended}\n";
        return "label: dos\n" + string.Concat(Partitions.Select(p =>
            (p == State ? container : "") + $"{p.Number} : start={p.StartMiB}MiB, size={p.SizeMiB}MiB, type={(p == Boot ? fat16 + ", bootable" : linux)}\n"));
    }

    private string ToGptScript()
    {
        const string efiSystem = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
        const string linux = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
        return "label: gpt\nfirst-lba: 2048\n" + string.Concat(Partitions.Select(p =>
            $"start={p.StartMiB}MiB, size={p.SizeMiB}MiB, type={(p == Boot ? efiSystem : linux)}, name={p.Name}\n"));
    }
}
