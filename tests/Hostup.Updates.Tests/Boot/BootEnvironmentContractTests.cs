using System.Text;
using Hostup.Core.Errors;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.Boot;

/// <summary>What every boot environment does, run against all of them.</summary>
public sealed class BootEnvironmentContractTests
{
    private static readonly SimRelease Old = SimRelease.Make("1.0.0", SimBehaviour.Good);

    public static TheoryData<string> Families() => [.. SimBootFamily.All.Select(f => f.Name)];

    [Theory, MemberData(nameof(Families))]
    public void What_is_written_is_read(string name)
    {
        var device = Device(name);
        bool trial = device.Device.Boot.FallbackBoot > 0;

        foreach (var settings in new[] { new BootSettings(3, trial, 0), new BootSettings(3, false, 0), new BootSettings(2, trial, 0), new BootSettings(2, false, 0) })
        {
            device.Device.Boot.Write(settings);

            Assert.Equal(settings, device.Device.Boot.Read());
        }
    }

    [Theory, MemberData(nameof(Families))]
    public void The_file_keeps_its_length_and_its_first_sector_decides(string name)
    {
        var device = Device(name);
        byte[] before = device.Files.Read(device.Family.File);

        device.Device.Boot.Write(new BootSettings(3, device.Device.Boot.FallbackBoot > 0, 0));

        byte[] after = device.Files.Read(device.Family.File);
        Assert.Equal(before.Length, after.Length);
        Assert.Equal(before[Math.Min(512, before.Length)..], after[Math.Min(512, after.Length)..]);
        Assert.Single(device.Power.Log, e => e.StartsWith($"overwrite {device.Family.File}", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Families))]
    public void A_power_cut_in_a_write_leaves_the_old_or_the_new_root(string name)
    {
        foreach (var unflushed in Enum.GetValues<Unflushed>())
        {
            for (int cut = 1; cut <= 6; cut++)
            {
                var device = new SimDevice(Old, Old, unflushed, [cut], family: Family(name));
                var armed = new BootSettings(3, device.Device.Boot.FallbackBoot > 0, 0);
                try
                {
                    device.Device.Boot.Write(armed);
                }
                catch (PowerCutException)
                {
                    device.Boot.PowerCut(unflushed);
                    device.Files.Remount();
                    device.Power.Restore();
                }

                var found = device.Device.Boot.Read();
                Assert.True(found == armed || found == new BootSettings(2, false, 0), $"{name}, {unflushed}, cut {cut}: {found}");
            }
        }
    }

    [Theory, MemberData(nameof(Families))]
    public void Nothing_and_nonsense_are_refused_with_the_code(string name)
    {
        var device = Device(name);
        using (device.Files.OpenForWriting(Places.Boot))
            device.Files.Create(device.Family.File, "nonsense"u8);
        Assert.Equal(HostupErrors.BootEnvironment, Assert.Throws<HostupException>(() => device.Device.Boot.Read()).Code);

        using (device.Files.OpenForWriting(Places.Boot))
            device.Files.Delete(device.Family.File);
        Assert.Equal(HostupErrors.BootEnvironment, Assert.Throws<HostupException>(() => device.Device.Boot.Read()).Code);
    }

    [Theory]
    [InlineData("os_bc_lim=1\n", 2)]
    [InlineData("custom_fdt_file=x.dtb\nos_bc_lim=5\n", 6)]
    [InlineData("custom_fdt_file=x.dtb\n", 4)]
    public void The_owners_limit_of_u_boot_is_honoured(string extra, int fallback)
    {
        var device = Device("u-boot, limit 3");
        device.Boot.Provision(Places.Boot + "/extra_uEnv.txt", Encoding.ASCII.GetBytes(extra));

        Assert.Equal(fallback, device.Device.Boot.FallbackBoot);
    }

    [Fact]
    public void U_boots_root_is_hexadecimal_and_other_lines_stay()
    {
        var device = Device("u-boot, limit 3");
        device.Boot.Provision(UBootEnvironment.File, "resin_root_part=a\nupgrade_available=0\nconsole=ttyS2\n"u8.ToArray());

        Assert.Equal(10, device.Device.Boot.Read().RootPartition);
        device.Device.Boot.Write(new BootSettings(11, true, 0));

        Assert.Equal("resin_root_part=b\nupgrade_available=1\nconsole=ttyS2\n", Encoding.ASCII.GetString(device.Files.Read(UBootEnvironment.File)));
    }

    [Fact]
    public void U_boots_root_with_more_digits_than_any_partition_is_refused_in_words()
    {
        var device = Device("u-boot, limit 3");
        device.Boot.Provision(UBootEnvironment.File, "resin_root_part=fffffffff\nupgrade_available=0\n"u8.ToArray());

        Assert.Equal(HostupErrors.BootEnvironment, Assert.Throws<HostupException>(() => device.Device.Boot.Read()).Code);
    }

    [Theory]
    [InlineData(DirectBootForm.CommandLine, "console=tty1 root=/dev/mmcblk0p2 rootwait\n", "console=tty1 root=/dev/mmcblk0p3 rootwait\n")]
    [InlineData(DirectBootForm.UEnv, "mmcroot=/dev/mmcblk1p2\n", "mmcroot=/dev/mmcblk1p3\n")]
    [InlineData(DirectBootForm.GrubLabel, "linux /vmlinuz root=LABEL=resin-rootA quiet\n", "linux /vmlinuz root=LABEL=resin-rootB quiet\n")]
    public void A_loader_without_trials_keeps_everything_but_the_root(DirectBootForm form, string before, string after)
    {
        var device = Device("direct");
        device.Boot.Provision(DirectBootEnvironment.FileOf(form), Encoding.ASCII.GetBytes(before));
        var boot = new DirectBootEnvironment(device.Files, form, (2, 3));

        boot.Write(new BootSettings(3, false, 0));

        Assert.Equal(after, Encoding.ASCII.GetString(device.Files.Read(DirectBootEnvironment.FileOf(form))));
    }

    private static SimBootFamily Family(string name) => SimBootFamily.All.Single(f => f.Name == name);

    private static SimDevice Device(string name) => new(Old, Old, family: Family(name));
}
