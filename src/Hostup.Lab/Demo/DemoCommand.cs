using System.CommandLine;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Devices;
using Hostup.Lab.Images;
using Hostup.Lab.Packages;
using Hostup.Lab.Scenarios;
using Hostup.Updates.Account;

namespace Hostup.Lab.Demo;

/// <summary><c>./demo</c>: a virtual device with a real host OS is updated by a real server to the archive's security updates.</summary>
public static class DemoCommand
{
    private const string DeviceName = "demo";

    public static Command Create()
    {
        var report = new Option<string?>("--report") { Description = "Write the report as JSON to this file" };
        var keep = new Option<bool>("--keep") { Description = "Leave server and device running" };
        var command = new Command("demo", "Update a virtual device from nothing to a committed new host OS") { report, keep };
        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(report), parsed.GetValue(keep), ct));
        return command;
    }

    private static async Task<int> RunAsync(string? reportPath, bool keep, CancellationToken ct)
    {
        var lab = LabEnvironment.OfThisProcess(Console.Error.WriteLine);
        await RequiredTools.InstallMissingAsync(lab.Progress, ct);
        await DeviceRecord.EndAbandonedAsync(ct);
        await SourceProgram.Server.BuildAsync(lab, ct);
        await SourceProgram.Cli.BuildAsync(lab, ct);
        var release = await Stage.TreeAsync(lab, HostOsRelease.New, ct);
        var image = await ReleaseImage.BuildAsync(lab, release, ct);
        await using var stage = await Stage.SetAsync(lab, DeviceName, keep, ct);
        await stage.PublishRunningAsync(ct);
        await stage.PublishAsync(image, sequence: 2, ct);
        var delta = await stage.BuildDeltaAsync(image.Version, ct);

        var report = await UpdateAsync(stage, release, delta, ct);
        Console.WriteLine(report);
        if (reportPath is not null)
            await report.SaveAsync(reportPath, ct);
        if (keep)
            Keep(stage);
        return IsGood(report) ? 0 : 1;
    }

    // By what the guest says, not by what our programs report.
    private static bool IsGood(DemoReport report) => report is { Outcome: AttemptStates.Committed, Source: AttemptAccount.DeltaCause, VolumeIntact: true, SupervisorRuns: true, HeartbeatMaxGapSeconds: <= 2 }
        && report.To == HostOsRelease.New.OsVersion && report.SlotAfter != report.SlotBefore && report.KernelAfter == report.KernelOfRelease;

    private static async Task<DemoReport> UpdateAsync(Stage stage, HostOsTree release, DeltaView delta, CancellationToken ct)
    {
        var before = await GuestFacts.ReadAsync(stage.Device, ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, ct);
        stage.Lab.Progress($"$ hostup update start {stage.Uuid[..7]} --to {HostOsRelease.New.OsVersion} --yes --wait");
        await stage.Server.ShowCliAsync(["update", "start", stage.Uuid, "--to", HostOsRelease.New.OsVersion, "--yes", "--wait", "--timeout", "1800"], ct);
        var attempt = await stage.AttemptAsync(ct);
        await stage.Device.WaitForGuestAsync(ct);
        bool supervisorRuns = await SupervisorRunsAsync(stage, ct);
        var after = await GuestFacts.ReadAsync(stage.Device, ct);
        return new DemoReport
        {
            Outcome = attempt.Report.State,
            Message = attempt.Report.Message,
            From = before.OsVersion,
            To = after.OsVersion,
            Source = attempt.Report.Source,
            ImageBytes = delta.FullBytes,
            Bytes = attempt.Report.Bytes.ToDictionary(b => b.Cause, b => new WireBytes(b.Received, b.Sent)),
            Steps = attempt.Report.Steps,
            HeartbeatMaxGapSeconds = await GapAsync(stage, application, ct),
            SlotBefore = before.Slot,
            SlotAfter = after.Slot,
            KernelBefore = before.Kernel,
            KernelAfter = after.Kernel,
            KernelOfRelease = release.KernelVersion,
            VolumeIntact = await application.VolumeIsIntactAsync(stage.Device, ct),
            SupervisorRuns = supervisorRuns,
        };
    }

    private static async Task<double?> GapAsync(Stage stage, ApplicationWatch application, CancellationToken ct)
    {
        try
        {
            return await stage.Device.BootIdAsync(ct) == application.BootId
                ? await application.LongestGapSoFarAsync(stage.Device, ct)
                : await application.LongestGapAsync(stage.Device, ct);
        }
        catch (HostupException e)
        {
            stage.Lab.Progress(e.Message);
            return null;
        }
    }

    private static async Task<bool> SupervisorRunsAsync(Stage stage, CancellationToken ct)
    {
        try
        {
            await ProvisionedDevice.WaitForContainersAsync(stage.Device, ct);
            return true;
        }
        catch (HostupException e)
        {
            stage.Lab.Progress(e.Message);
            return false;
        }
    }

    private static void Keep(Stage stage)
    {
        stage.Server.Detach();
        Console.WriteLine($"""

            server and device run on:
              ./hostup-lab shell {DeviceName}                 a shell in the device; Ctrl-D leaves it
              ./hostup-lab exec {DeviceName} -- COMMAND       run one command there
              ./hostup-lab stop {DeviceName}                  end both
              export {string.Join(' ', stage.Server.OperatorEnvironment.Select(v => $"{v.Key}={v.Value}"))}
              ./hostup device show {stage.Uuid[..7]}
            """);
    }
}
