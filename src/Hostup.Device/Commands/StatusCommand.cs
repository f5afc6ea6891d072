using System.CommandLine;
using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Updates.Account;
using Hostup.Updates.Checks;
using Hostup.Updates.Reporting;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;

namespace Hostup.Device.Commands;

/// <summary>What <c>status --json</c> prints.</summary>
internal sealed record StatusAnswer(
    string OsVersion, string DeviceType, string ProgramVersion, string? RunningSlot, string? SpareSlot, int? BootPartition, bool? UpgradeAvailable, int? BootCount, AttemptReport? Attempt, RollbackCause? RolledBack);

/// <summary><c>hostup-device status</c>.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("status", "Show slots, boot settings and the last attempt") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var device = new ThisDevice();
            var answer = await ReadAsync(device.Ports, ct).ConfigureAwait(false);
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(answer, DeviceJson.Default.StatusAnswer) : Text(answer));
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<StatusAnswer> ReadAsync(DevicePorts device, CancellationToken ct)
    {
        var facts = await DeviceFacts.ReadAsync(device, ct).ConfigureAwait(false);
        var records = new AttemptLog(device).Records;
        var plan = new AttemptFiles(device.Files).TryLoad(records)?.Plan;
        bool trial = facts.TrialPending && records.Any(r => r.Verb == Updates.Journal.JournalVerb.TrialBoot);
        var attempt = JournalView.Report(records, plan, ProgressFile.Load(), trial, AttemptBytes.Of(device.Files, records, plan), KernelMessages.Load(device.Files));
        return new StatusAnswer(
            facts.OsVersion, facts.DeviceType, ThisProgram.Version, facts.Running?.Label, facts.Spare?.Label,
            facts.Boot?.RootPartition, facts.Boot?.UpgradeAvailable, facts.Boot?.BootCount, attempt, RollbackCause.Load(device.Files));
    }

    private static string Text(StatusAnswer s) => string.Join('\n', new[]
    {
        $"OS        {s.OsVersion} ({s.DeviceType})",
        $"slots     running {s.RunningSlot}, spare {s.SpareSlot}",
        $"boot      partition {s.BootPartition}{(s.UpgradeAvailable == true ? $", on trial, boot count {s.BootCount}" : "")}",
        $"program   {s.ProgramVersion}",
        s.Attempt is null ? "attempt   none yet" : $"attempt   {s.Attempt.State}{(s.Attempt.Message is null ? "" : $": {s.Attempt.Message}")}",
        s.Attempt?.Source switch { null => null, "slot" => "image     was on the slot already", var source => $"image     from {source}" },
    }.OfType<string>().Concat(s.Attempt?.Bytes.Select(b => $"bytes     {b.Cause,-12} in {new ByteCount(b.Received)}, out {new ByteCount(b.Sent)}") ?? []));
}
