using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.Boot;

/// <summary>Which boot environment is taken to be the device's.</summary>
public sealed class BootEnvironmentsTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly BootSettings SlotA = new(2, false, 0);

    [Theory]
    [InlineData("raspberrypi4-64", BootLoaders.UBoot, UBootEnvironment.File)]
    [InlineData("raspberrypi5", BootLoaders.Balena, BalenaBootEnvironment.File)]
    [InlineData("genericx86-64", BootLoaders.Grub, SimDevice.GrubEnv)]
    [InlineData("intel-nuc", BootLoaders.Grub, SimDevice.GrubEnv)]
    [InlineData("of-no-list", BootLoaders.UBoot, UBootEnvironment.File)]
    public void The_family_of_the_type_is_taken_where_files_of_all_lie(string type, string family, string path)
    {
        var boot = Find(type, UBootEnvironment.File, BalenaBootEnvironment.File, SimDevice.GrubEnv, Places.Boot + "/cmdline.txt");

        Assert.Equal((family, path), (boot.Family, boot.Path));
        Assert.Equal(SlotA, boot.Read());
    }

    [Theory]
    [InlineData(BalenaBootEnvironment.File, BootLoaders.Balena)]
    [InlineData("/mnt/boot/grub/grubenv", BootLoaders.Grub)]
    public void An_unknown_type_is_told_by_what_lies_there(string path, string family)
    {
        var boot = Find("of-no-list", path);

        Assert.Equal((family, path), (boot.Family, boot.Path));
    }

    [Theory]
    [InlineData("raspberrypi3", "/mnt/boot/cmdline.txt")]
    [InlineData("intel-nuc", "/mnt/boot/EFI/BOOT/grub.cfg")]
    [InlineData("beaglebone-black", "/mnt/boot/uEnv.txt")]
    public void Without_an_environment_a_type_that_had_none_boots_directly(string type, string path)
    {
        var boot = Find(type, path);

        Assert.Equal((BootLoaders.Direct, path), (boot.Family, boot.Path));
        Assert.Equal(SlotA, boot.Read());
    }

    [Theory]
    [InlineData("raspberrypi4-64")]
    [InlineData("raspberrypi5")]
    [InlineData("genericx86-64")]
    [InlineData("intel-nuc")]
    public void A_boot_partition_that_cannot_be_read_is_told_when_it_is_read(string type)
    {
        var device = new SimDevice(Old, Old);
        device.Files.UnreadablePath = Places.Boot;

        var boot = BootEnvironments.Find(device.Files, type, () => (2, 3));

        Assert.Equal(HostupErrors.BootEnvironment, Assert.Throws<HostupException>(() => boot.Read()).Code);
    }

    [Theory]
    [InlineData("raspberrypi5", BalenaBootEnvironment.File)]
    [InlineData("odroid-xu4", UBootEnvironment.File)]
    [InlineData("genericx86-64", SimDevice.GrubEnv)]
    [InlineData("jetson-xavier", SimDevice.GrubEnv)]
    [InlineData("of-no-list", SimDevice.GrubEnv)]
    public void An_environment_that_is_missing_is_named_when_it_is_read(string type, string path)
    {
        var error = Assert.Throws<HostupException>(() => Find(type).Read());

        Assert.Equal(HostupErrors.BootEnvironment, error.Code);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    private static IBootEnvironment Find(string type, params string[] paths)
    {
        var device = new SimDevice(Old, Old);
        using (device.Files.OpenForWriting(Places.Boot))
            device.Files.Delete(SimDevice.GrubEnv);
        foreach (string path in paths)
            device.Boot.Provision(path, Content(path));
        return BootEnvironments.Find(device.Files, type, () => (2, 3));
    }

    private static byte[] Content(string path) => Path.GetFileName(path) switch
    {
        "resinOS_uEnv.txt" => UBootEnvironment.NewFile(SlotA),
        "bootenv" => BalenaBootEnvironment.NewBlock(SlotA, (2, 3)),
        "grubenv" => GrubEnvironment.NewBlock(SlotA),
        "cmdline.txt" => "dwc_otg.lpm_enable=0 root=/dev/mmcblk0p2 rootfstype=ext4 rootwait\n"u8.ToArray(),
        "grub.cfg" => "linux /vmlinuz root=LABEL=resin-rootA ro\n"u8.ToArray(),
        _ => "mmcroot=/dev/mmcblk0p2\n"u8.ToArray(),
    };
}
