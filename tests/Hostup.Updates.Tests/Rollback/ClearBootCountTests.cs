using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Rollback;

namespace Hostup.Updates.Tests.Rollback;

public sealed class ClearBootCountTests
{
    private readonly SimDevice _device = new(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good));

    [Fact]
    public void An_orderly_reboot_of_the_trial_os_is_no_failed_boot()
    {
        Breadcrumbs.Drop(_device.Files, []);
        Set(new BootSettings(2, UpgradeAvailable: true, BootCount: 1));

        ClearBootCount.Run(_device.Device);

        Assert.Equal(new BootSettings(2, true, 0), _device.Device.Boot.Read());
    }

    [Theory]
    [InlineData(3, true, true)]
    [InlineData(2, false, true)]
    [InlineData(2, true, false)]
    public void Another_slot_no_trial_or_no_breadcrumb_leaves_the_count(int partition, bool trial, bool breadcrumb)
    {
        if (breadcrumb)
            Breadcrumbs.Drop(_device.Files, []);
        var settings = new BootSettings(partition, trial, 1);
        Set(settings);

        ClearBootCount.Run(_device.Device);

        Assert.Equal(settings, _device.Device.Boot.Read());
    }

    private void Set(BootSettings settings)
    {
        using (_device.Files.OpenForWriting(Places.Boot))
            _device.Device.Boot.Write(settings);
    }
}
