using Hostup.Lab.Disks;

namespace Hostup.Lab.Tests.Disks;

public sealed class DiskLayoutTests
{
    [Theory]
    [InlineData(PartitionTable.Gpt)]
    [InlineData(PartitionTable.Mbr)]
    public void Partitions_follow_one_another_and_fit_the_disk(PartitionTable table)
    {
        var layout = DiskLayout.Full with { Table = table };

        long free = 1 << 20;
        foreach (var partition in layout.Partitions)
        {
            Assert.True(partition.StartBytes >= free, partition.Name);
            free = partition.StartBytes + partition.SizeBytes;
        }
        Assert.True(layout.SizeBytes >= free + (1 << 20));
        Assert.Equal(["resin-boot", "resin-rootA", "resin-rootB", "resin-state", "resin-data"], layout.Partitions.Select(p => p.Name));
    }

    [Fact]
    public void With_MBR_state_and_data_are_inside_of_the_fourth_partition_with_room_for_the_table_of_each()
    {
        var layout = DiskLayout.Full with { Table = PartitionTable.Mbr };
        string[] lines = layout.ToScript().Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("label: dos", lines[0]);
        Assert.Equal(["1", "2", "3", "4", "5", "6"], lines.Skip(1).Select(l => l.Split(' ')[0]));
        // 4 + 64 + 2 * 700 MiB before it; 4 + 64 and 4 + 1200 MiB in it.
        Assert.Equal("4 : start=1468MiB, size=1272MiB, type=5", lines[4]);
        Assert.Equal((1472, 1540), (layout.State.StartMiB, layout.UserSpace.StartMiB));
    }
}
