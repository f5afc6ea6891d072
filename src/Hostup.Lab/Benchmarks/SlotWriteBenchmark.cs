using System.CommandLine;
using System.Globalization;
using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Lab.Boot;
using Hostup.Lab.Devices;
using Hostup.Lab.Images;
using Hostup.Lab.Scenarios;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Lab.Benchmarks;

/// <summary>
/// <c>hostup-lab bench slot-write</c>: seconds to a verified slot and peak memory of the update process, against curl, tar and sha256sum in the same
/// guest, in turn. The update is held at the gate by an application's lock and then cancelled, so that each run starts from the same device; the
/// supervisor is stopped for both.
/// </summary>
public static class SlotWriteBenchmark
{
    private const string Lock = "/tmp/balena-supervisor/services/bench/updates.lock";

    public static Command Create()
    {
        var runs = new Option<int>("--runs") { Description = "Runs of each", DefaultValueFactory = _ => 3 };
        var command = new Command("slot-write", "Time to a verified slot and memory, against curl | tar") { runs };
        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(runs), ct));
        return command;
    }

    private static async Task<int> RunAsync(int runs, CancellationToken ct)
    {
        var lab = LabEnvironment.OfThisProcess(Console.Error.WriteLine);
        await Packages.RequiredTools.InstallMissingAsync(lab.Progress, ct);
        await SourceProgram.Server.BuildAsync(lab, ct);
        await SourceProgram.Cli.BuildAsync(lab, ct);
        var image = await ReleaseImage.BuildAsync(lab, await Stage.TreeAsync(lab, HostOsRelease.New, ct), ct);
        await using var stage = await Stage.SetAsync(lab, "bench", stays: false, ct);
        string published = await stage.PublishAsync(image, sequence: 2, ct);
        var layer = (await OciLayout.Open(published).LoadAsync(null, OciPlatform.LinuxAmd64, ct)).Layers.Single().Blob;
        await stage.Device.Guest.StartAsync(["sh", "-c", $"mkdir -p {Path.GetDirectoryName(Lock)} && exec flock {Lock} sleep 100000"], ct);

        var (ours, peers, memory) = (new List<double>(), new List<double>(), new List<double>());
        for (int run = 0; run < runs; run++)
        {
            peers.Add(await CurlAndTarAsync(stage, layer.Digest, ct));
            var (seconds, mebibytes) = await UpdateAsync(stage, image.Version, ct);
            ours.Add(seconds);
            memory.Add(mebibytes);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {run + 1}: curl, tar, sync, sha256sum {peers[^1]:0.0} s; hostup-device {ours[^1]:0.0} s, peak {memory[^1]:0.0} MiB"));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"median of {runs}: curl | tar {Median(peers):0.0} s, hostup-device {Median(ours):0.0} s, ratio {Median(ours) / Median(peers):0.00}; peak resident {Median(memory):0.0} MiB; layer {new ByteCount(layer.Size)}"));
        double whole = await WholeUpdateAsync(stage, image.Version, ct);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"one update up to its reboot: peak {whole:0.0} MiB"));
        return 0;
    }

    /// <summary>Peak of an update that nothing holds: gate, boot files, health of the old OS and switch are in it too.</summary>
    private static async Task<double> WholeUpdateAsync(Stage stage, string version, CancellationToken ct)
    {
        const string peaks = "/mnt/data/bench-peaks";
        await stage.Device.RunAsync(["sh", "-c", $"rm -f {Lock} /mnt/state/hostup/spare-content {peaks}"], ct);
        await stage.Device.Guest.StartAsync(["sh", "-c", $"while sleep 0.1; do grep VmHWM /proc/$(systemctl show --property MainPID --value hostup-update)/status >> {peaks}; done"], ct);
        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", version, "--yes"], ct);
        var attempt = await stage.WaitForEndAsync(ct);
        if (attempt.Report.State != AttemptStates.Committed)
            throw new InvalidOperationException($"bug: the whole update ended as {attempt.Report.State}: {attempt.Report.Message}");
        return (await stage.Device.RunAsync(["cat", peaks], ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Max(MiB);
    }

    private static async Task<double> CurlAndTarAsync(Stage stage, Digest layer, CancellationToken ct)
    {
        string url = $"{stage.Server.GuestUrl}/v2/hostos/{LabBootLoader.Grub.DeviceType}/blobs/{layer}";
        string script = $"""
            set -e
            mkdir -p /run/bench
            systemctl stop update-balena-supervisor.timer balena-supervisor.service
            echo 3 > /proc/sys/vm/drop_caches
            begin=$(date +%s.%N)
            mke2fs -q -F -t ext4 /dev/vda3
            mount /dev/vda3 /run/bench
            curl -sf -H 'Authorization: Bearer {stage.Server.OperatorEnvironment["HOSTUP_KEY"]}' '{url}' | tar -xzpf - --xattrs --numeric-owner -C /run/bench
            sync
            umount /run/bench
            echo 3 > /proc/sys/vm/drop_caches
            mount -o ro /dev/vda3 /run/bench
            find /run/bench -type f -print0 | xargs -0 sha256sum > /dev/null
            end=$(date +%s.%N)
            umount /run/bench
            systemctl start --no-block balena-supervisor.service update-balena-supervisor.timer
            echo "$begin $end"
            """;
        var result = await stage.Device.Guest.ExecAsync(["bash", "-c", script], TimeSpan.FromMinutes(20), ct);
        string[] times = result.Output.Trim().Split(' ');
        return times.Length == 2
            ? double.Parse(times[1], CultureInfo.InvariantCulture) - double.Parse(times[0], CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"bug: the script of curl and tar failed: {result.Error}");
    }

    private static async Task<(double Seconds, double MiB)> UpdateAsync(Stage stage, string version, CancellationToken ct)
    {
        // What the last run wrote must not be taken for done.
        await stage.Device.RunAsync(["rm", "-f", "/mnt/state/hostup/spare-content"], ct);
        await stage.Device.RunAsync(["sh", "-c", "echo 3 > /proc/sys/vm/drop_caches"], ct);
        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", version, "--yes"], ct);
        await stage.WaitForStateAsync([AttemptStates.WaitingForLock], ct);
        string peak = await stage.Device.RunAsync(["sh", "-c", "grep VmHWM /proc/$(systemctl show --property MainPID --value hostup-update)/status"], ct);
        await stage.Server.CliAsync(["update", "cancel", stage.Uuid], ct);
        var attempt = await stage.WaitForEndAsync(ct);
        double seconds = attempt.Report.Steps.Single(s => s.Name == "write-slot").Seconds;
        return (seconds, MiB(peak));
    }

    // "VmHWM:     66456 kB", proc(5)
    private static double MiB(string peak) => double.Parse(peak.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
