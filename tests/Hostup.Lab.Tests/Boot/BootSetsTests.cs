using System.Text;
using Hostup.Core;
using Hostup.Lab.Boot;
using Hostup.Lab.Disks;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Tests.Boot;

/// <summary>What is judged of a boot partition, on file systems that mkfs.vfat and mtools make.</summary>
public sealed class BootSetsTests : IDisposable
{
    private static readonly byte[] OldConfiguration = Encoding.ASCII.GetBytes("# old\n"), NewConfiguration = [.. Enumerable.Repeat((byte)'n', 9000)];
    private static readonly byte[] OldOverlay = [.. Enumerable.Repeat((byte)'o', 5000)], NewOverlay = [.. Enumerable.Repeat((byte)'p', 12_000)];
    private const string Configuration = "EFI/BOOT/grub.cfg", Overlay = "overlays/a-rather-long-name.dtbo";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-fat-");
    private readonly BootSets _sets = new(
        new Dictionary<string, Digest> { [Configuration] = Digest.Of(OldConfiguration), [Overlay] = Digest.Of(OldOverlay) },
        new Dictionary<string, Digest> { [Configuration] = Digest.Of(NewConfiguration), [Overlay] = Digest.Of(NewOverlay) });

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Whole_files_of_either_set_boot_in_the_order_in_which_they_are_replaced()
    {
        Assert.Null(_sets.FaultOf(await VolumeAsync("2", OldConfiguration, OldOverlay)));
        Assert.Null(_sets.FaultOf(await VolumeAsync("2", OldConfiguration, NewOverlay)));
        var allNew = await VolumeAsync("2", NewConfiguration, NewOverlay);

        Assert.Null(_sets.FaultOf(allNew));
        Assert.True(_sets.IsOldRootWithNewFiles(allNew));
        Assert.Null(_sets.FaultOf(await VolumeAsync("3", NewConfiguration, NewOverlay)));
        Assert.False(_sets.IsOldRootWithNewFiles(await VolumeAsync("3", NewConfiguration, NewOverlay)));
    }

    [Fact]
    public async Task A_mixture_a_missing_file_and_a_switch_before_its_files_do_not_boot()
    {
        Assert.Equal($"{Overlay} is neither the old nor the new file", _sets.FaultOf(await VolumeAsync("2", OldConfiguration, [.. NewOverlay[..6000], .. OldOverlay[..3000]])));
        Assert.Equal($"{Configuration} is neither the old nor the new file", _sets.FaultOf(await VolumeAsync("2", null, OldOverlay)));
        Assert.Equal($"the new slot is booted while {Overlay} is old", _sets.FaultOf(await VolumeAsync("3", NewConfiguration, OldOverlay)));
        Assert.Equal($"the loader's configuration is new before {Overlay}", _sets.FaultOf(await VolumeAsync("2", NewConfiguration, OldOverlay)));
        Assert.Equal("the boot settings name slot '4'", _sets.FaultOf(await VolumeAsync("4", OldConfiguration, OldOverlay)));
    }

    [Fact]
    public async Task A_torn_table_or_environment_does_not_boot()
    {
        byte[] image = await ImageAsync("2", NewConfiguration, NewOverlay);
        byte[] torn = [.. image];
        int table = BitConverter.ToUInt16(torn, 14) * 512;
        torn.AsSpan(table, 512).Clear();
        byte[] wild = [.. image];
        wild.AsSpan(table + 4, 508).Fill(0x7F);

        Assert.NotNull(_sets.FaultOf(new FatVolume(torn)));
        Assert.NotNull(_sets.FaultOf(new FatVolume(wild)));
        Assert.Contains("cannot read the boot environment", _sets.FaultOf(await VolumeAsync(null, OldConfiguration, OldOverlay)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_two_names_is_found_by_its_first_cluster()
    {
        byte[] image = await ImageAsync("2", OldConfiguration, OldOverlay, staged: NewOverlay);
        var volume = new FatVolume(image);
        Assert.Equal(["0"], volume.NamesIn("hostup-new"));
        Assert.Null(_sets.WithTwoNames(volume));

        // the staged name's entry is the third of its folder, after "." and ".."; at 26 it says where its file begins
        int entry = (int)volume.OffsetOf(volume.ClusterOfDirectory("hostup-new")) + 64;
        int overlay = (int)volume.OffsetOf(volume.ClusterOfDirectory("overlays")) + 64;
        while (image[overlay + 11] == 0x0F)
            overlay += 32;
        image.AsSpan(overlay + 26, 2).CopyTo(image.AsSpan(entry + 26));

        Assert.Equal(Overlay, _sets.WithTwoNames(volume));
    }

    [Fact]
    public async Task Free_clusters_begin_where_nothing_lies()
    {
        byte[] image = await ImageAsync("2", OldConfiguration, OldOverlay);
        var volume = new FatVolume(image);

        var free = volume.FreeClusters;

        Assert.All(free.Take(100), c => Assert.False(image.AsSpan((int)volume.OffsetOf(c), volume.ClusterBytes).ContainsAnyExcept((byte)0)));
        Assert.True(image.AsSpan((int)volume.OffsetOf(free[0] - 1), volume.ClusterBytes).ContainsAnyExcept((byte)0));
        Assert.Equal(".          ", Encoding.ASCII.GetString(image, (int)volume.OffsetOf(volume.ClusterOfDirectory("EFI/BOOT")), 11));
        // the head is enough to know that
        Assert.Equal(free, new FatVolume(image.AsMemory(0, 256 << 10)).FreeClusters);
    }

    private async Task<FatVolume> VolumeAsync(string? slot, byte[]? configuration, byte[] overlay) => new(await ImageAsync(slot, configuration, overlay));

    private async Task<byte[]> ImageAsync(string? slot, byte[]? configuration, byte[] overlay, byte[]? staged = null)
    {
        if (new Tool("mkfs.vfat").Path is null || new Tool("mcopy").Path is null)
            Assert.Skip("needs dosfstools and mtools");
        string tree = Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(Path.Combine(tree, "EFI/BOOT"));
        Directory.CreateDirectory(Path.Combine(tree, "overlays"));
        if (slot is not null)
            await File.WriteAllBytesAsync(Path.Combine(tree, "EFI/BOOT/grubenv"), GrubEnvironment.Provisioned.With("resin_root_part", slot).ToBytes());
        if (configuration is not null)
            await File.WriteAllBytesAsync(Path.Combine(tree, Configuration), configuration);
        await File.WriteAllBytesAsync(Path.Combine(tree, Overlay), overlay);
        if (staged is not null)
        {
            Directory.CreateDirectory(Path.Combine(tree, "hostup-new"));
            await File.WriteAllBytesAsync(Path.Combine(tree, "hostup-new/0"), staged);
        }
        string image = tree + ".img";
        await FileSystems.MakeFatAsync(image, new DiskPartition(1, "resin-boot", 4, 32), tree, default);
        return await File.ReadAllBytesAsync(image);
    }
}
