using System.CommandLine;
using System.Text.Json;
using Hostup.Updates.Checks;
using Hostup.Updates.Plan;
using Hostup.Updates.Trust;

namespace Hostup.Device.Commands;

/// <summary>What <c>check --json</c> prints.</summary>
internal sealed record ChecksAnswer(string Version, bool Passed, IReadOnlyList<CheckLine> Checks);

/// <summary>One check.</summary>
internal sealed record CheckLine(string Name, bool Passed, string Saw, string Remedy);

/// <summary><c>hostup-device check</c> and <c>plan</c>: what an update would find and do. Both touch nothing.</summary>
internal static class CheckCommand
{
    private static readonly Option<string> Target = new("--target") { Description = "Target file that the agent wrote", DefaultValueFactory = _ => TargetFile.TargetPath };
    private static readonly Option<string> Release = new("--release") { Description = "Envelope of the release manifest", DefaultValueFactory = _ => TargetFile.EnvelopePath };
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON" };

    public static Command CreateCheck()
    {
        var command = new Command("check", "Run every check of an update and change nothing\n\nExample: hostup-device check --json") { Target, Release, Json };
        command.SetAction(async (parsed, ct) =>
        {
            var target = TargetFile.Load(parsed.GetValue(Target)!, parsed.GetValue(Release)!);
            using var device = new ThisDevice();
            var (release, _) = target.Verify(new DeviceTrust(device.Ports.Files), ClockFloor.Freshness(device.Ports.Files, device.Ports.Clock));
            var facts = await DeviceFacts.ReadAsync(device.Ports, ct).ConfigureAwait(false);
            var checks = DeviceChecks.Evaluate(facts, release, target.Target.Reinstall, ThisProgram.Version);
            bool passed = checks.All(c => c.Passed);
            var answer = new ChecksAnswer(release.Version, passed, [.. checks.Select(c => new CheckLine(c.Name, c.Passed, c.Saw, c.Passed ? "" : c.Remedy))]);
            Console.WriteLine(parsed.GetValue(Json) ? JsonSerializer.Serialize(answer, DeviceJson.Default.ChecksAnswer) : Text(answer));
            return passed ? ExitCodes.Done : ExitCodes.Refused;
        });
        return command;
    }

    public static Command CreatePlan()
    {
        var command = new Command("plan", "Show what an update would do and change nothing\n\nExample: hostup-device plan") { Target, Release, Json };
        command.SetAction(async (parsed, ct) =>
        {
            var target = TargetFile.Load(parsed.GetValue(Target)!, parsed.GetValue(Release)!);
            using var device = new ThisDevice();
            var (release, payload) = target.Verify(new DeviceTrust(device.Ports.Files), ClockFloor.Freshness(device.Ports.Files, device.Ports.Clock));
            var facts = await DeviceFacts.ReadAsync(device.Ports, ct).ConfigureAwait(false);
            var plan = Planner.Make(facts, release, Digest.Of(payload), target.Target, (ThisProgram.Version, ThisProgram.ComputeDigest()), target.Fetched);
            Console.WriteLine(parsed.GetValue(Json) ? JsonSerializer.Serialize(plan, DeviceJson.Default.UpdatePlan) : Text(plan));
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Text(ChecksAnswer answer) => string.Join('\n', answer.Checks
        .Select(c => $"{(c.Passed ? "ok     " : "refused")} {c.Name,-18} {c.Saw}{(c.Passed ? "" : $"\n        {"",-18} {c.Remedy}")}"));

    private static string Text(UpdatePlan plan) => string.Join('\n', plan.Steps
        .Select(s => $"{s.Name,-17} {s.Effect}{(s.DownloadBytes > 0 ? $"; downloads {new ByteCount(s.DownloadBytes)}" : "")}\n{"",-17} undo: {s.Undo}")
        .Prepend($"{plan.FromVersion} on {plan.FromSlot} -> {plan.ToVersion} on {plan.ToSlot}"));
}
