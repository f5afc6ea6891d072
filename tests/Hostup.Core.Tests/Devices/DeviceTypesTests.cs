using Hostup.Core.Devices;

namespace Hostup.Core.Tests.Devices;

public sealed class DeviceTypesTests
{
    [Theory]
    [InlineData("grub", "intel-nuc genericx86-64 genericx86-64-ext generic-amd64 generic-aarch64 surface-go surface-pro-6 up-board qemux86 qemux86-64 iot2000")]
    [InlineData("u-boot", "raspberry-pi raspberrypi raspberry-pi2 raspberrypi3 raspberrypi3-64 raspberrypi4-64 raspberrypicm4-ioboard fincm3 revpi-core-3 revpi-connect npe-x500-m3 unipi")]
    [InlineData("u-boot", "beaglebone-black beaglebone-green beaglebone-pocket asus-tinker-board asus-tinker-board-s bananapi-m1-plus orangepi-plus2 orangepi-zero nanopi-neo-air")]
    [InlineData("u-boot", "odroid-c1 odroid-xu4 rockpi-4b-rk3399 radxa-zero nitrogen6x nitrogen8mm solidrun-imx6 imx8m-var-dart imx6ul-var-dart imx8mm-evk artik530 artik533s artik710 ts4900 intel-edison")]
    [InlineData("u-boot", "jetson-nano jetson-nano-emmc jetson-tx1 jetson-tx2 orbitty-tx2 skx2 cl-som-imx8 hummingboard")]
    [InlineData("balena", "raspberrypi5")]
    [InlineData("nvidia", "jetson-xavier jetson-xavier-nx-devkit-emmc jetson-agx-orin-devkit jetson-orin-nano-devkit-nvme")]
    public void Each_type_boots_by_its_family(string family, string slugs) =>
        Assert.All(slugs.Split(' '), slug => Assert.Equal(family, DeviceTypes.Find(slug)?.BootLoaders[0]));

    [Theory]
    [InlineData("raspberrypi3", "command-line")]
    [InlineData("intel-nuc", "grub-label")]
    [InlineData("up-board", "grub-label")]
    [InlineData("beaglebone-black", "u-env")]
    [InlineData("artik710", "u-env")]
    [InlineData("raspberrypi5", null)]
    [InlineData("genericx86-64", null)]
    public void The_time_before_trials_is_known(string slug, string? form)
    {
        var known = DeviceTypes.Find(slug)!;

        Assert.Equal(form, known.Direct);
        Assert.Equal(form is not null, known.BootLoaders.Contains(BootLoaders.Direct));
    }

    [Fact]
    public void Slots_are_partitions_2_and_3_but_on_the_edison()
    {
        Assert.Equal([8, 9], DeviceTypes.Find("intel-edison")!.Slots);
        Assert.All(DeviceTypes.All.Where(t => !t.Slugs.Contains("intel-edison")), t => Assert.Equal([2, 3], t.Slots));
    }

    [Theory]
    [InlineData("")]
    [InlineData("raspberr")]
    [InlineData("intel-nuc2")]
    [InlineData("sim-device")]
    public void Others_are_not_known(string slug) => Assert.Null(DeviceTypes.Find(slug));

    [Fact]
    public void Every_entry_is_whole()
    {
        string[] architectures = ["x86", "x86-64", "armv6", "armv7", "aarch64"];
        Assert.All(DeviceTypes.All, type =>
        {
            Assert.NotEmpty(type.Slugs);
            Assert.Contains(type.Architecture, architectures);
            Assert.NotEmpty(type.BootLoaders);
            Assert.All(type.BootLoaders, b => Assert.Contains(b, BootLoaders.Served.Append(BootLoaders.Nvidia)));
        });
    }

    [Fact]
    public void No_slug_is_hidden_by_an_entry_before_it() =>
        Assert.All(DeviceTypes.All, type => Assert.All(type.Slugs.Where(s => !s.Contains('*')), slug => Assert.Same(type, DeviceTypes.Find(slug))));
}
