using Hostup.Lab;
using Hostup.Lab.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.Images;

namespace Hostup.EndToEnd.Tests.Lab;

/// <summary>The provisioned device on the old release, saved once for all tests of a run.</summary>
public static class LabDevice
{
    /// <summary>The lab of this test run; skips the test where virtual devices cannot be run.</summary>
    public static LabEnvironment Lab()
    {
        if (LabEnvironment.MissingReason() is { } reason)
            Assert.Skip(reason);
        var output = TestContext.Current.TestOutputHelper;
        return LabEnvironment.OfThisProcess(line =>
        {
            output?.WriteLine(line);
            Console.Error.WriteLine(line);
        });
    }

    public static async Task<SavedState> SavedAsync(LabEnvironment lab, CancellationToken ct)
    {
        var tree = await HostOsTree.BuildAsync(lab, HostOsRelease.Old, await HostOsTree.DeviceProgramAsync(lab, HostOsRelease.Old, ct), ct);
        return await ProvisionedDevice.GetAsync(lab, tree, DiskLayout.Full, DiskContent.Unclaimed, ct);
    }

    public static async Task<VirtualDevice> StartAsync(LabEnvironment lab, string? writeLog, CancellationToken ct) =>
        await VirtualDevice.StartFromSavedAsync("test-" + Guid.NewGuid().ToString("n")[..8], await SavedAsync(lab, ct),
            VirtualDeviceOptions.In(lab) with { WriteLog = writeLog }, ct);
}
