using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.EndToEnd.Tests.Lab;
using Hostup.Lab.Demo;
using Hostup.Lab.Devices;
using Hostup.Lab.Networks;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>A virtual device on bad networks. Releases are small and fetched only: what a reboot does with them is shown elsewhere.</summary>
[Trait("Needs", "vm")]
public sealed class NetworkTests
{
    /// <summary>Far more than what the sockets between server and guest hold, some megabytes: that comes also when the server is gone.</summary>
    private const int Bytes = 24_000_000;

    /// <summary>More than a minute for the release: time to take something away in mid-download, on a slow machine too.</summary>
    private static readonly string[] Slowly = ["--rate-limit", "300"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_registry_that_comes_back_is_used_again_a_real_one_takes_over_and_with_both_gone_the_old_OS_runs_on()
    {
        var lab = LabDevice.Lab();
        await using var scene = await NetworkScene.SetAsync(lab, "vm-network", Ct);
        var device = scene.Stage.Device;
        var returns = await scene.PublishAsync(await SmallRelease.BuildAsync(lab, "2.101.1+rev1", Bytes, withProgram: true, Ct), 2, Ct);
        var replaced = await scene.PublishAsync(await SmallRelease.BuildAsync(lab, "2.101.2+rev1", Bytes, withProgram: false, Ct), 3, Ct);
        var lost = await scene.PublishAsync(await SmallRelease.BuildAsync(lab, "2.101.3+rev1", Bytes, withProgram: false, Ct), 4, Ct);
        await DockerRunsAsync(scene, returns);
        var facts = await GuestFacts.ReadAsync(device, Ct);
        var application = await ApplicationWatch.BeginAsync(device, Ct);

        await ResumesWhenItIsBackAsync(scene, returns);
        await TheFallbackTakesOverAsync(scene, replaced);
        await BothGoneAsync(scene, lost);

        Assert.Equal(facts, await GuestFacts.ReadAsync(device, Ct));
        Assert.Equal(application.BootId, await device.BootIdAsync(Ct));
        Assert.True(await application.VolumeIsIntactAsync(device, Ct));
        double gap = await application.LongestGapSoFarAsync(device, Ct);
        Assert.True(gap <= 2, $"the application's longest gap is {gap} s");
    }

    [Fact]
    public async Task Over_GPRS_a_release_is_fetched_and_every_byte_is_explained_but_those_that_were_lost()
    {
        var lab = LabDevice.Lab();
        await using var scene = await NetworkScene.SetAsync(lab, "vm-gprs", Ct);
        var clean = await scene.PublishAsync(await SmallRelease.BuildAsync(lab, "2.101.4+rev1", 900_000, withProgram: false, Ct), 2, Ct);
        var lossy = await scene.PublishAsync(await SmallRelease.BuildAsync(lab, "2.101.5+rev1", 500_000, withProgram: false, Ct), 3, Ct);
        await using var link = new SlowLink(scene.Stage.Server.Port, 40_000 / 8, TimeSpan.FromMilliseconds(600));
        await UseAsync(scene, link);

        var whole = await FetchAsync(scene, clean);
        await scene.CancelAsync(Ct);
        await LoseAsync(scene, percent: 5);
        var torn = await FetchAsync(scene, lossy);

        Assert.InRange(clean.Image.DownloadBytes, 1, 2_000_000);
        Assert.True(link.Sent > clean.Image.DownloadBytes + lossy.Image.DownloadBytes, $"only {link.Sent} bytes came over the link");
        Assert.InRange(whole.Explained + whole.Traffic.Headers, whole.Traffic.Bytes * 0.97, whole.Traffic.Bytes * 1.03);
        // What was lost crossed the interface and arrived nowhere: it is told, and as unexplained.
        Assert.InRange(torn.Explained + torn.Unexplained, torn.Traffic.Bytes * 0.97, torn.Traffic.Bytes * 1.03);
        Assert.InRange(torn.Unexplained - torn.Traffic.Headers, torn.Traffic.Bytes * 0.02, torn.Traffic.Bytes * 0.2);
        Assert.InRange(whole.Unexplained - whole.Traffic.Headers, whole.Traffic.Bytes * -0.03, whole.Traffic.Bytes * 0.03);
    }

    /// <summary>Debian's docker pulls the framed image from our endpoint, then from the real registry, and runs it.</summary>
    private static async Task DockerRunsAsync(NetworkScene scene, ReleaseManifest release)
    {
        string image = $"{release.Image.Repository}@{release.Image.Digest}";
        // It would remove an image that no container uses.
        await scene.ShellAsync("systemctl stop update-balena-supervisor.timer balena-supervisor.service; docker rm --force balena_supervisor || true", Ct);
        foreach (var (port, needsKey) in new[] { (scene.Stage.Server.Port, true), (scene.Fallback.Address.Port, false) })
        {
            // Docker speaks plain HTTP with its own machine only.
            string host = $"127.0.0.1:{port}";
            await scene.ShellAsync($"systemd-run --unit=registry-{port} --socket-property=ListenStream={host} /usr/lib/systemd/systemd-socket-proxyd 10.0.2.2:{port}", Ct);
            if (needsKey)
                await scene.ShellAsync($$"""sed -n 's/.*"deviceApiKey" *: *"\([^"]*\)".*/\1/p' /mnt/boot/config.json | docker --config /tmp/login login --username d_{{scene.Stage.Uuid}} --password-stdin {{host}}""", Ct);
            string said = await scene.ShellAsync($"docker --config /tmp/login run --rm --network none {host}/{image} {SmallRelease.Program} echo it runs", Ct);
            Assert.Equal("it runs", said.Trim());
            // else the layers would not come from the next one
            await scene.ShellAsync($"docker image rm {host}/{image}", Ct);
        }
        await scene.ShellAsync("systemctl start update-balena-supervisor.timer balena-supervisor.service", Ct);
        await ProvisionedDevice.WaitForContainersAsync(scene.Stage.Device, Ct);
    }

    private static async Task ResumesWhenItIsBackAsync(NetworkScene scene, ReleaseManifest release)
    {
        await scene.StartAsync(release, Slowly, Ct);
        await scene.WaitForBytesAsync(1_500_000, Ct);
        await scene.Stage.Server.KillAsync(Ct);
        await scene.WaitForStateAsync(AttemptStates.Waiting, Ct);
        await scene.Stage.Server.RestartAsync(Ct);

        await scene.WaitForStateAsync(AttemptStates.Ready, Ct);

        var report = (await scene.Stage.WaitForStateAsync([AttemptStates.Ready], Ct)).Report;
        Assert.Equal(AttemptStates.Ready, report.State);
        // at most what came since the last checkpoint is fetched twice, and what the sockets held
        Assert.InRange(Received(report, "registry") + Received(report, "retried"), release.Image.DownloadBytes, release.Image.DownloadBytes + (4 << 20));
        Assert.Equal(0, Received(report, "fallback"));
        await scene.CancelAsync(Ct);
    }

    private static async Task TheFallbackTakesOverAsync(NetworkScene scene, ReleaseManifest release)
    {
        await scene.StartAsync(release, [.. Slowly, "--fallback-registry", $"http://{scene.FallbackHost}"], Ct);
        await scene.WaitForBytesAsync(1_500_000, Ct);
        await scene.Stage.Server.KillAsync(Ct);

        // It gets there without the server.
        await scene.WaitForStateAsync(AttemptStates.Ready, Ct);

        await scene.Stage.Server.RestartAsync(Ct);
        var report = (await scene.Stage.WaitForStateAsync([AttemptStates.Ready], Ct)).Report;
        Assert.Equal(AttemptStates.Ready, report.State);
        Assert.InRange(Received(report, "registry"), 1_000_000, release.Image.DownloadBytes);
        Assert.InRange(Received(report, "fallback"), 1_000_000, release.Image.DownloadBytes - 500_000);
        await scene.CancelAsync(Ct);
    }

    private static async Task BothGoneAsync(NetworkScene scene, ReleaseManifest release)
    {
        await scene.StartAsync(release, [.. Slowly, "--fallback-registry", $"http://{scene.FallbackHost}", "--patience", "60"], Ct);
        await scene.WaitForBytesAsync(1_500_000, Ct);
        await scene.Stage.Server.KillAsync(Ct);
        await scene.Fallback.KillAsync(Ct);
        long gone = TimeProvider.System.GetTimestamp();

        var said = await scene.WaitForEndOnDeviceAsync(Ct);

        Assert.True(TimeProvider.System.GetElapsedTime(gone) >= TimeSpan.FromSeconds(60), $"given up after {TimeProvider.System.GetElapsedTime(gone)}");
        Assert.Equal((AttemptStates.Failed, "all-sources"), (said.State, said.ErrorCode));
        await ProvisionedDevice.WaitForContainersAsync(scene.Stage.Device, Ct);
        await scene.ShellAsync("grep -q 'cannot get release 2.101.3' /mnt/data/balenahup/*", Ct);
        await scene.Stage.Server.RestartAsync(Ct);
        var attempt = await scene.Stage.WaitForEndAsync(Ct);
        Assert.Equal(AttemptStates.Failed, attempt.Report.State);
        Assert.Equal("OS update failed", attempt.Upstream!.Text);
        Assert.Contains("cannot get release 2.101.3", await scene.Stage.Server.CliAsync(["update", "log", scene.Stage.Uuid], Ct), StringComparison.Ordinal);
    }

    private static long Received(AttemptReport report, string cause) => report.Bytes.Where(b => b.Cause == cause).Sum(b => b.Received);

    /// <summary>From now on the device finds its server behind the link only.</summary>
    private static async Task UseAsync(NetworkScene scene, SlowLink link)
    {
        string guestUrl = scene.Stage.Server.GuestUrl;
        await scene.ShellAsync($"mount -o remount,rw /mnt/boot && sed -i 's#{guestUrl}#http://10.0.2.2:{link.Port}#' /mnt/boot/config.json && sync && mount -o remount,ro /mnt/boot && systemctl restart hostup-agent.service", Ct);
    }

    /// <summary>From now on one packet of so many is lost behind the guest's interface, on its way in: netem works on what goes out, so it goes through a second interface.</summary>
    private static async Task LoseAsync(NetworkScene scene, int percent) => await scene.ShellAsync(
        "set -e; PATH=/usr/sbin:/usr/bin:/sbin:/bin; for i in /sys/class/net/*; do [ ! -e $i/device ] || wire=${i##*/}; done; modprobe ifb numifbs=1; ip link set ifb0 up; tc qdisc add dev $wire handle ffff: ingress; "
        + $"tc filter add dev $wire parent ffff: matchall action mirred egress redirect dev ifb0; tc qdisc add dev ifb0 root netem loss {percent}%", Ct);

    /// <summary>Fetches a release until it is ready.</summary>
    private static async Task<Fetched> FetchAsync(NetworkScene scene, ReleaseManifest release)
    {
        var before = await GuestTraffic.ReadAsync(scene.Stage.Device, Ct);
        await scene.StartAsync(release, [], Ct);
        await scene.WaitForStateAsync(AttemptStates.Ready, Ct);
        var report = (await scene.Stage.WaitForStateAsync([AttemptStates.Ready], Ct)).Report;
        var traffic = await GuestTraffic.ReadAsync(scene.Stage.Device, Ct) - before;
        Assert.Equal(AttemptStates.Ready, report.State);
        var unexplained = report.Bytes.Where(b => b.Cause == "unexplained").Select(b => b.Received + b.Sent).Single();
        var fetched = new Fetched(report.Bytes.Sum(b => b.Received + b.Sent) - unexplained, unexplained, traffic);
        TestContext.Current.TestOutputHelper?.WriteLine($"{release.Version}: {fetched}, headers {traffic.Headers}: {string.Join(", ", report.Bytes)}");
        return fetched;
    }

    /// <summary>Bytes of one attempt: its account, and what the guest's kernel has counted meanwhile.</summary>
    private sealed record Fetched(long Explained, long Unexplained, GuestTraffic Traffic);
}
