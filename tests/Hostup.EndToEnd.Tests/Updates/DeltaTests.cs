using Hostup.Core.Wire;
using Hostup.EndToEnd.Tests.Lab;
using Hostup.Lab.Devices;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>A virtual device with a real host OS whose next release comes as a delta of the one that runs.</summary>
[Trait("Needs", "vm")]
public sealed class DeltaTests
{
    /// <summary>KiB a second: more than a minute for the delta, time to take it away in its middle.</summary>
    private static readonly string[] Slowly = ["--rate-limit", "60"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_delta_does_not_bring_the_registry_does_and_what_that_does_not_bring_the_fallback()
    {
        var lab = LabDevice.Lab();
        await using var scene = await NetworkScene.SetAsync(lab, "vm-delta", Ct);
        await scene.Stage.PublishRunningAsync(Ct);
        var release = await scene.PublishAsync(await PlantedReleases.GoodAsync(lab, Ct), 2, Ct);
        var delta = await scene.Stage.BuildDeltaAsync(release.Version, Ct);
        Assert.Equal(DeltaStates.Ready, delta.State);
        Assert.InRange(delta.Bytes!.Value, 1_000_000, release.Image.DownloadBytes / 4);

        await scene.StartAsync(release, [.. Slowly, "--fallback-registry", $"http://{scene.FallbackHost}"], Ct);
        await scene.WaitForBytesAsync(delta.Bytes.Value / 8, Ct);
        RemoveBlob(scene.Stage.Folder, delta.Bytes.Value);
        await scene.Stage.Server.CliAsync(["update", "set", scene.Stage.Uuid, "--rate-limit", "0"], Ct);
        await scene.WaitForBytesAsync(delta.Bytes.Value * 4, Ct);
        await scene.Stage.Server.KillAsync(Ct);
        await scene.WaitForStateAsync(AttemptStates.Ready, Ct);
        await scene.Stage.Server.RestartAsync(Ct);

        var report = (await scene.Stage.WaitForStateAsync([AttemptStates.Ready], Ct)).Report;
        Assert.Equal((AttemptStates.Ready, "fallback"), (report.State, report.Source));
        // what came of the delta is lost with it, and told as such
        Assert.InRange(Received(report, "retried"), delta.Bytes.Value / 8, delta.Bytes.Value + (4 << 20));
        Assert.InRange(Received(report, "registry"), delta.Bytes.Value, release.Image.DownloadBytes);
        Assert.InRange(Received(report, "fallback"), 1_000_000, release.Image.DownloadBytes);
        Assert.InRange(Received(report, "registry") + Received(report, "fallback"), release.Image.DownloadBytes, release.Image.DownloadBytes * 1.02 + (4 << 20));
        await ProvisionedDevice.WaitForContainersAsync(scene.Stage.Device, Ct);
    }

    /// <summary>The server's store loses it: a disk that fails, a clean-up by hand.</summary>
    private static void RemoveBlob(string folder, long bytes) =>
        File.Delete(Assert.Single(Directory.EnumerateFiles(Path.Combine(folder, "server"), "*", SearchOption.AllDirectories), f => new FileInfo(f).Length == bytes));

    private static double Received(AttemptReport report, string cause) => report.Bytes.Where(b => b.Cause == cause).Sum(b => b.Received);
}
