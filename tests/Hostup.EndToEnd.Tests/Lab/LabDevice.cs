using Hostup.Lab;
using Hostup.Lab.Devices;
using Hostup.Lab.Scenarios;

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

    /// <summary>The same saved state as the update tests start from: it is made once.</summary>
    public static Task<SavedState> SavedAsync(LabEnvironment lab, CancellationToken ct) => Stage.SavedDeviceAsync(lab, ct);

    public static async Task<VirtualDevice> StartAsync(LabEnvironment lab, string? writeLog, CancellationToken ct) =>
        await VirtualDevice.StartFromSavedAsync("test-" + Guid.NewGuid().ToString("n")[..8], await SavedAsync(lab, ct),
            VirtualDeviceOptions.In(lab) with { WriteLog = writeLog }, ct);
}
