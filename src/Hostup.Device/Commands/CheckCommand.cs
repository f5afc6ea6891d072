using System.CommandLine;
using System.Text.Json;
using Hostup.Updates.Reporting;

namespace Hostup.Device.Commands;

/// <summary>What <c>check --json</c> prints.</summary>
internal sealed record ChecksAnswer(string Version, bool Passed, IReadOnlyList<CheckLine> Checks);

/// <summary>One check.</summary>
internal sealed record CheckLine(string Name, bool Passed, string Code, string Saw, string Remedy);

/// <summary><c>hostup-device check</c>: what an update would find. Touches nothing.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var options = new TargetOptions();
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("check", "Run every check of an update and change nothing\n\nExample: hostup-device check --json") { options.Target, options.Release, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var device = new ThisDevice();
            using var links = new SourceLinks();
            var target = options.Load(parsed);
            var update = await UpdateAtHand.LookAsync(device.Ports, target, links.Open(device.Ports, target.Target), ct).ConfigureAwait(false);
            var answer = new ChecksAnswer(update.Version, update.Checks.All(c => c.Passed), [.. update.Checks.Select(c => new CheckLine(c.Name, c.Passed, c.Passed ? "" : c.Code.Id, c.Saw, c.Remedy))]);
            Console.Write(parsed.GetValue(json) ? JsonSerializer.Serialize(answer, DeviceJson.Default.ChecksAnswer) + "\n" : CheckText.Write(update.Checks, update.Version));
            return ExitCodes.Of(update.Checks);
        });
        return command;
    }
}
