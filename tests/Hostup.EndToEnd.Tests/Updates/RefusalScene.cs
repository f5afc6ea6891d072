using System.Security.Cryptography;
using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Lab;
using Hostup.Lab.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.Guests;
using Hostup.Lab.Images;
using Hostup.Lab.Programs;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>A device with a published release in front of it, its agent stopped: the device program is called by hand.</summary>
internal sealed class RefusalScene : IAsyncDisposable
{
    private const string Folder = "/mnt/data/refusal";
    private const string Program = Folder + "/hostup-device";
    private const string Envelope = Folder + "/release.json";
    private const string Target = Folder + "/target.json";
    private const string Plan = Folder + "/plan.json";
    private static readonly TimeSpan UpdateLimit = TimeSpan.FromMinutes(10);

    private readonly Stage _stage;
    private readonly ReleaseManifest _release;
    private readonly Digest _envelope;

    private RefusalScene(Stage stage, byte[] envelope)
    {
        (_stage, _envelope) = (stage, Digest.Of(envelope));
        _release = ReleaseManifest.Read(Core.Trust.Envelope.Parse(envelope).UnverifiedPayload.Span);
    }

    /// <summary>Sets it up with the updater of the new release, which may carry it out.</summary>
    public static async Task<RefusalScene> SetAsync(LabEnvironment lab, Hostup.Lab.Scenarios.ReleaseImage image, CancellationToken ct)
    {
        var stage = await Stage.SetAsync(lab, "vm-refuse", stays: false, ct);
        try
        {
            await stage.PublishAsync(image, sequence: 2, ct);
            string envelope = Path.Combine(stage.Folder, "release-2.dsse");
            await stage.Device.RunAsync(["systemctl", "stop", "hostup-agent.service"], ct);
            await stage.Device.RunAsync(["mkdir", "-p", Folder], ct);
            await stage.Device.PutFileAsync(await PublishedProgram.GetAsync(lab, "Hostup.Device", "hostup-device", HostOsRelease.New.ProgramVersion, ct), Program, ct);
            await stage.Device.RunAsync(["chmod", "0755", Program], ct);
            await stage.Device.PutFileAsync(envelope, Envelope, ct);
            var scene = new RefusalScene(stage, await File.ReadAllBytesAsync(envelope, ct));
            await scene.WriteTargetAsync(ct);
            return scene;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>The device.</summary>
    public VirtualDevice Device => _stage.Device;

    /// <summary>Runs shell words in the guest that must succeed; IMAGE is the digest of the release's image.</summary>
    public Task<string> ShellAsync(string words, CancellationToken ct) => _stage.Device.RunAsync(["sh", "-c", $"IMAGE={_release.Image.Digest}; {words}"], ct);

    /// <summary>Runs <c>hostup-device check</c>.</summary>
    /// <returns>Its exit code, and the names of the checks that did not pass.</returns>
    public async Task<(int ExitCode, string Refused)> CheckAsync(CancellationToken ct)
    {
        var result = await _stage.Device.ExecAsync([Program, "check", "--json", "--target", Target, "--release", Envelope], ct);
        if (result.Output.Length == 0)
            return (result.ExitCode, result.Error);
        using var answer = JsonDocument.Parse(result.Output);
        var refused = answer.RootElement.GetProperty("checks").EnumerateArray().Where(c => !c.GetProperty("passed").GetBoolean()).Select(c => c.GetProperty("name").GetString());
        return (result.ExitCode, string.Join(' ', refused));
    }

    /// <summary>Runs <c>hostup-device update</c> as a new attempt.</summary>
    public async Task<GuestResult> UpdateAsync(CancellationToken ct)
    {
        await WriteTargetAsync(ct);
        return await UpdateAsync("", ct);
    }

    /// <summary>Makes a plan of a new attempt and keeps it.</summary>
    public async Task<GuestResult> PlanAsync(CancellationToken ct)
    {
        await WriteTargetAsync(ct);
        return await _stage.Device.ExecAsync([Program, "plan", "--target", Target, "--release", Envelope, "--out", Plan], ct);
    }

    /// <summary>Runs <c>hostup-device update --plan</c> with the plan that was kept.</summary>
    public Task<GuestResult> UpdateAsPlannedAsync(CancellationToken ct) => UpdateAsync($" --plan {Plan}", ct);

    /// <summary>Sums over every block of boot and both roots, and every mount of an ext4 file system that the kernel has noted since power-on.</summary>
    public async Task<string> BlocksAsync(CancellationToken ct)
    {
        string mounts = await _stage.Device.RunAsync(["sh", "-c", "sync; dmesg | grep -c 'EXT4-fs.*mounted'; grep -E ' /mnt/boot | / ' /proc/mounts"], ct);
        var layout = DiskLayout.Full;
        return $"{await DiskBlocks.HashAsync(_stage.Device, [layout.Boot, layout.RootA, layout.RootB], ct)}\n{mounts}";
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stage.DisposeAsync();

    private Task<GuestResult> UpdateAsync(string options, CancellationToken ct) =>
        _stage.Device.Guest.ExecAsync(["/bin/sh", "-c", $"exec {Program} update --target {Target} --release {Envelope}{options}"], UpdateLimit, ct);

    // A new attempt each time: one that ended is not begun again.
    private async Task WriteTargetAsync(CancellationToken ct)
    {
        var target = new DeviceTarget
        {
            AttemptId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Version = _release.Version,
            ReleaseEnvelope = _envelope,
        };
        string file = Path.Combine(_stage.Folder, "target.json");
        await File.WriteAllBytesAsync(file, JsonSerializer.SerializeToUtf8Bytes(target, WireJson.Default.DeviceTarget), ct);
        await _stage.Device.PutFileAsync(file, Target, ct);
    }
}
