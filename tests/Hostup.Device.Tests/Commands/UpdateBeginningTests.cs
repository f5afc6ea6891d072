using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Device.Tests.Commands;

/// <summary>What an update begins with: the agent's files or a kept plan.</summary>
public sealed class UpdateBeginningTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-begin-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_kept_plan_stands_for_the_target_that_it_was_made_for()
    {
        var device = new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good), reinstall: true);
        device.Target = device.Target with { FallbackRegistries = ["registry.example.com"], Fetched = [new CauseBytes("manifest", 100, 0)] };
        var plan = await device.Target.PlanAsync(device);
        string planPath = Write("plan.json", plan.ToJson());
        string envelope = Write("release.json", "{}"u8.ToArray());

        var begin = UpdateBeginning.Load("/nowhere/target.json", envelope, planPath);

        Assert.Equal(plan.ToJson(), begin.Saved!.ToJson());
        Assert.Equal((plan.AttemptId, "2.101.0", true, Digest.Of("{}"u8)), (begin.Target.Target.AttemptId, begin.Target.Target.Version, begin.Target.Target.Reinstall, begin.Target.Target.ReleaseEnvelope));
        Assert.Equal(["registry.example.com"], begin.Target.Target.FallbackRegistries);
        Assert.Equal([new CauseBytes("manifest", 100, 0)], begin.Target.Fetched);
    }

    [Fact]
    public void Without_a_plan_the_agents_files_are_read()
    {
        var target = new DeviceTarget { AttemptId = new string('1', 32), Version = "2.101.0", ReleaseEnvelope = Digest.Of("{}"u8) };
        string path = Write("target.json", JsonSerializer.SerializeToUtf8Bytes(target, DeviceJson.Default.DeviceTarget));

        var begin = UpdateBeginning.Load(path, Write("release.json", "{}"u8.ToArray()), planPath: null);

        Assert.Null(begin.Saved);
        Assert.Equal(target.AttemptId, begin.Target.Target.AttemptId);
    }

    [Theory]
    [InlineData("plan.json", "no json")]
    [InlineData("other.json", "{}")]
    public void A_plan_that_is_missing_or_none_is_refused(string name, string content)
    {
        Write(name, System.Text.Encoding.UTF8.GetBytes(content));

        var error = Assert.Throws<HostupException>(() => UpdateBeginning.Load("/nowhere/target.json", "/nowhere/release.json", Path.Combine(_folder, "plan.json")));

        Assert.Equal(HostupErrors.BadConfig, error.Code);
        Assert.Contains("plan.json", error.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_state_partition_is_refused_before_a_journal_is_begun()
    {
        using var builder = new OsBuilder();
        var (old, fresh) = (SimRelease.Make("2.100.0", SimBehaviour.Good, trust: builder.Trust(1).ToJson()), SimRelease.Make("2.101.0", SimBehaviour.Good));
        var device = new SimDevice(old, fresh);
        byte[] envelope = builder.Sign(fresh.Manifest(2));
        var begin = new UpdateBeginning(new TargetFile(new DeviceTarget { AttemptId = new string('1', 32), Version = "2.101.0", ReleaseEnvelope = Digest.Of(envelope) }, envelope, []), null);
        device.Files.Free[Places.State] = (2 << 20) - 1;
        int before = device.Power.Effects;

        var error = await Assert.ThrowsAsync<HostupException>(() => begin.StartAsync(device.Device, new UpdateRun(device.Device, device.Ports, _ => device.Sources), default));

        Assert.Equal((HostupErrors.StateSpace, ExitCodes.Refused), (error.Code, ExitCodes.Of(error)));
        Assert.Equal(before, device.Power.Effects);
        Assert.Empty(new AttemptLog(device.Device).Records);
    }

    [Fact]
    public async Task A_revert_needs_room_for_its_journal_too_and_lays_the_end_before_it_aside()
    {
        var device = await new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good)).RunAsync();
        var begin = UpdateBeginning.Revert(overrideLocks: false);
        var run = new UpdateRun(device.Device, device.Ports, _ => device.Sources);
        device.Files.Free[Places.State] = (2 << 20) - 1;

        var error = await Assert.ThrowsAsync<HostupException>(() => begin.StartAsync(device.Device, run, default));
        device.Files.Free.Clear();
        var end = await begin.StartAsync(device.Device, run, default);

        Assert.Equal((HostupErrors.StateSpace, RunEndKind.Rebooting), (error.Code, end.Kind));
        Assert.Equal([device.Target.AttemptId], LeftEnds.Of(device.Files).Select(l => l.End.Attempt));
    }

    private string Write(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
