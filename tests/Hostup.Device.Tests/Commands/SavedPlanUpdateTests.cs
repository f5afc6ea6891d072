using System.Runtime.CompilerServices;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Run;

namespace Hostup.Device.Tests.Commands;

/// <summary><c>plan --out FILE</c> and <c>update --plan FILE</c>, on a simulated device: the files, the verification and the run are those of the program.</summary>
public sealed class SavedPlanUpdateTests : IDisposable
{
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-saved-plan-");
    private readonly OsBuilder _builder = new();
    private readonly SimDevice _device;

    public SavedPlanUpdateTests()
    {
        _device = new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good, trust: _builder.Trust(1).ToJson()), New);
        byte[] envelope = _builder.Sign(New.Manifest(sequence: 2));
        File.WriteAllBytes(At("release.json"), envelope);
        File.WriteAllBytes(At("target.json"), JsonSerializer.SerializeToUtf8Bytes(
            new DeviceTarget { AttemptId = new string('c', 32), Version = New.Version, ReleaseEnvelope = Digest.Of(envelope) }, WireJson.Default.DeviceTarget));
    }

    public void Dispose()
    {
        _builder.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_plan_is_not_executed_when_the_device_changed_since_and_the_next_one_is_executed_as_it_is_written()
    {
        await PlanAsync();
        _device.SlotB.Format(Guid.NewGuid());
        var before = Blocks();

        var stale = await Assert.ThrowsAsync<HostupException>(UpdateAsync);

        Assert.Equal((HostupErrors.PlanStale, 75), (stale.Code, ExitCodes.Of(stale)));
        Assert.Contains("content of the spare slot", stale.Why, StringComparison.Ordinal);
        Assert.Equal(before, Blocks());

        var plan = await PlanAsync();
        var end = await UpdateAsync();

        Assert.Equal(0, ExitCodes.Of(end));
        var opened = new AttemptJournal(_device.Files).Read()[0];
        Assert.Equal((plan.AttemptId, Digest.Of(File.ReadAllBytes(At("plan.json")))), (opened.AttemptId, opened.Plan));
        Assert.Equal(plan.FileSystem, _device.SlotB.Uuid);
        Assert.Equal(New.TreeDigest, _device.SlotB.TreeDigest);
    }

    [Fact]
    public async Task A_plan_with_another_release_beside_it_is_not_executed()
    {
        await PlanAsync();
        File.WriteAllBytes(At("release.json"), _builder.Sign(New.Manifest(sequence: 9)));
        var before = Blocks();

        var stale = await Assert.ThrowsAsync<HostupException>(UpdateAsync);

        Assert.Equal(75, ExitCodes.Of(stale));
        Assert.Contains("release manifest", stale.Why, StringComparison.Ordinal);
        Assert.Equal(before, Blocks());
    }

    [Fact]
    public async Task A_plan_whose_release_is_signed_by_a_stranger_is_not_executed()
    {
        await PlanAsync();
        File.WriteAllBytes(At("release.json"), Core.Trust.Envelope.Sign(Core.Releases.ReleaseManifest.PayloadType, New.Manifest(sequence: 2).ToJson(), _builder.Stranger).ToJson());
        var before = Blocks();

        var refused = await Assert.ThrowsAsync<HostupException>(UpdateAsync);

        Assert.Equal((HostupErrors.Signature, 3), (refused.Code, ExitCodes.Of(refused)));
        Assert.Equal(before, Blocks());
    }

    [Fact]
    public async Task The_target_of_the_documentation_is_one()
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Root(), "docs/cli.md"));
        await File.WriteAllTextAsync(At("target.json"), text.Split("```json\n")[1].Split("```")[0]);

        var plan = await PlanAsync();

        Assert.Equal(("0123456789abcdef0123456789abcdef", "2.101.0"), (plan.AttemptId, plan.ToVersion));
        Assert.Empty(plan.FetchedBefore);
    }

    private async Task<UpdatePlan> PlanAsync()
    {
        var update = await UpdateAtHand.LookAsync(_device.Device, TargetFile.Load(At("target.json"), At("release.json")), _device.Sources, default);
        var plan = update.MakePlan(given: null);
        File.WriteAllBytes(At("plan.json"), plan.ToJson());
        return plan;
    }

    private Task<RunEnd> UpdateAsync() =>
        UpdateBeginning.Load(At("target.json"), At("release.json"), At("plan.json")).StartAsync(_device.Device, new UpdateRun(_device.Device, _device.Ports, _ => _device.Sources), default);

    /// <summary>Both roots, every file of the boot partition, and every effect on any medium.</summary>
    private (Digest?, Digest?, Guid?, string, int) Blocks() => (_device.SlotA.TreeDigest, _device.SlotB.TreeDigest, _device.SlotB.Uuid,
        string.Join('\n', _device.Boot.Paths.Order(StringComparer.Ordinal).Select(p => $"{p} {Digest.Of(_device.Boot.Read(p)!)}")), _device.Power.Effects);

    private static string Root([CallerFilePath] string file = "") => file[..file.IndexOf("/tests/", StringComparison.Ordinal)];

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
