using Hostup.Core.Wire;
using Hostup.EndToEnd.Tests.Lab;
using Hostup.Lab.Devices;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>Release keys of a device in the field: the old one, both, the new one only, over three updates; then the old one is worthless.</summary>
[Trait("Needs", "vm")]
public sealed class KeyRotationTests
{
    private static readonly TimeSpan TakeLimit = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_release_key_is_replaced_over_three_updates_and_the_revoked_one_is_refused()
    {
        var lab = LabDevice.Lab();
        var first = await PlantedReleases.GoodAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-keys", stays: false, Ct);
        string fresh = At(stage, "release-2.key");
        await stage.Server.CliAsync(["key", "new", "--role", "release", "--out", fresh], Ct);

        // the old key
        await stage.PublishAsync(first, sequence: 2, Ct);
        await CommitAsync(stage, first.Version);

        // both keys: the new one signs
        await RotateAsync(stage, stage.Keys.Trust, ["--add", fresh], version: 2);
        var second = await first.DeriveAsync(lab, "2.102.0+rev1", [], Ct);
        await stage.PublishAsync(second, sequence: 3, fresh, Ct);
        await CommitAsync(stage, second.Version);

        // the new key only. Every image so far brings list 1 along: the newer list on the state partition outlives them.
        await RotateAsync(stage, At(stage, "trust-2.dsse"), ["--remove", stage.Keys.Release], version: 3);
        var third = await first.DeriveAsync(lab, "2.103.0+rev1", [], Ct);
        await stage.PublishAsync(third, sequence: 4, fresh, Ct);
        await CommitAsync(stage, third.Version);

        // a release of the revoked key, as the thief of that key would make it
        var stolen = await first.DeriveAsync(lab, "2.104.0+rev1", [], Ct);
        await stage.PublishAsync(stolen, sequence: 5, stage.Keys.Release, Ct);
        var before = await DeviceSnapshot.TakeAsync(stage.Device, Ct);
        var refused = await stage.UpdateAsync(stolen.Version, Ct);

        Assert.True(refused.Report.State == AttemptStates.Refused, $"{refused.Report.State}: {refused.Report.Message}");
        Assert.Equal("signature", refused.Report.ErrorCode);
        Assert.Equal(before, await DeviceSnapshot.TakeAsync(stage.Device, Ct));

        // nor after a reboot, and the device itself says by which list it goes
        await stage.Device.RebootAsync(Ct);
        await ProvisionedDevice.WaitForContainersAsync(stage.Device, Ct);
        var again = await stage.UpdateAsync(stolen.Version, Ct);
        Assert.Equal((AttemptStates.Refused, "signature"), (again.Report.State, again.Report.ErrorCode));
        Assert.Equal(3, (await stage.DeviceViewAsync(Ct)).State!.TrustVersion);
    }

    private static async Task CommitAsync(Stage stage, string version)
    {
        var attempt = await stage.UpdateAsync(version, Ct);

        Assert.True(attempt.Report.State == AttemptStates.Committed, $"{version} {attempt.Report.State}: {attempt.Report.Message}");
        await ProvisionedDevice.WaitForContainersAsync(stage.Device, Ct);
    }

    /// <summary>Signs and publishes the next list, and waits until the device says that it goes by it.</summary>
    private static async Task RotateAsync(Stage stage, string trust, string[] change, long version)
    {
        string list = At(stage, $"trust-{version}.dsse");
        await stage.Server.CliAsync(["key", "rotate", "--trust", trust, "--role", "release", .. change, "--key", stage.Keys.Root, "--out", list], Ct);
        await stage.Server.CliAsync(["trust", "publish", list], Ct);
        long start = TimeProvider.System.GetTimestamp();
        while ((await stage.DeviceViewAsync(Ct)).State is var state && state?.TrustVersion != version)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TakeLimit, $"the device goes by list {state?.TrustVersion} after {TakeLimit}: {state?.TrustFault}");
            await Task.Delay(TimeSpan.FromSeconds(2), Ct);
        }
    }

    private static string At(Stage stage, string name) => Path.Combine(stage.Folder, name);
}
