using System.Globalization;
using Hostup.Core.Wire;
using Hostup.EndToEnd.Tests.Lab;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>The update process of a real device under a limit of the kernel, beyond which it is killed.</summary>
[Trait("Needs", "vm")]
public sealed class DeltaMemoryTests
{
    /// <summary>Budget of a device for a delta, runtime and program included.</summary>
    private const long LimitBytes = 80L << 20;

    private const string Unit = "hostup-update.service";
    private const string Group = $"/sys/fs/cgroup$(systemctl show --property ControlGroup --value {Unit})";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_delta_is_applied_by_a_process_that_may_have_no_more_than_80_mebibytes()
    {
        var lab = LabDevice.Lab();
        await using var scene = await NetworkScene.SetAsync(lab, "vm-delta-memory", Ct);
        await scene.Stage.PublishRunningAsync(Ct);
        var release = await scene.PublishAsync(await PlantedReleases.GoodAsync(lab, Ct), 2, Ct);
        Assert.Equal(DeltaStates.Ready, (await scene.Stage.BuildDeltaAsync(release.Version, Ct)).State);
        string folder = $"/run/systemd/system/{Unit}.d";
        await scene.ShellAsync($"mkdir -p {folder} && printf '[Service]\\nMemoryMax={LimitBytes}\\nMemorySwapMax=0\\n' > {folder}/limit.conf && systemctl daemon-reload", Ct);

        await scene.StartAsync(release, [], Ct);
        await scene.WaitForStateAsync(AttemptStates.Ready, Ct);

        Assert.Equal("delta", (await scene.Stage.WaitForStateAsync([AttemptStates.Ready], Ct)).Report.Source);
        Assert.Equal(LimitBytes, long.Parse(await scene.ShellAsync($"cat {Group}/memory.max", Ct), CultureInfo.InvariantCulture));
        Assert.Contains("oom_kill 0\n", await scene.ShellAsync($"cat {Group}/memory.events", Ct), StringComparison.Ordinal);
        Assert.Equal("0", (await scene.ShellAsync($"systemctl show --property NRestarts --value {Unit}", Ct)).Trim());
        string peak = await scene.ShellAsync($"grep VmHWM /proc/$(systemctl show --property MainPID --value {Unit})/status", Ct);
        // "VmHWM:     66456 kB", proc(5)
        Assert.InRange(1024 * long.Parse(peak.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture), 1, LimitBytes);
        await scene.CancelAsync(Ct);
    }
}
