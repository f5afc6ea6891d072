using Hostup.Lab.Disks;

namespace Hostup.Lab.Tests.Disks;

public sealed class DiskLayoutTests
{
    [Fact]
    public void Partitions_follow_one_another_and_fit_the_disk()
    {
        var layout = DiskLayout.Full;

        long free = 1 << 20;
        foreach (var partition in layout.Partitions)
        {
            Assert.True(partition.StartBytes >= free, partition.Name);
            free = partition.StartBytes + partition.SizeBytes;
        }
        Assert.True(layout.SizeBytes >= free + (1 << 20));
        Assert.Equal(["resin-boot", "resin-rootA", "resin-rootB", "resin-state", "resin-data"], layout.Partitions.Select(p => p.Name));
    }
}
