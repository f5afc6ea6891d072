using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Core.Wire;

namespace Hostup.Cli.Releases;

/// <summary>hostup release outcomes: one release over all devices.</summary>
internal static class ReleaseOutcomesCommand
{
    private const string None = "-";

    public static ExampleCommand Build(Terminal terminal)
    {
        var name = new Argument<string>("RELEASE") { Description = "Version or id" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("outcomes", "Count how the updates to a release ended, over all devices.", "hostup release outcomes 2.98.33+rev1") { name, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync($"api/v1/releases/{Uri.EscapeDataString(parsed.GetValue(name)!)}/outcomes", WireJson.Default.ReleaseOutcomes, ct), parsed.GetValue(json), Write);
        });
        return command;
    }

    internal static void Write(TextWriter writer, ReleaseOutcomes outcomes)
    {
        writer.WriteLine($"release   {outcomes.Version}  ({outcomes.ReleaseId})");
        writer.WriteLine($"open      {outcomes.Open} (attempts that have not ended)");
        writer.WriteLine($"reverted  {outcomes.DevicesReverted} (devices that their operator took back)");
        if (outcomes.Ended is [])
            return;
        writer.WriteLine();
        Terminal.Table(writer, ["OUTCOME", "CODE", "FAILED CHECKS", "ATTEMPTS", "DEVICES", "LAST", "ATTEMPT"],
            outcomes.Ended.Select(o => (IReadOnlyList<string>)[o.State, o.Code ?? None, o.Cause ?? None, $"{o.Attempts}", $"{o.Devices}", $"{o.LastAt:yyyy-MM-dd HH:mm}", o.LastAttempt]));
        foreach (var outcome in outcomes.Ended.Where(o => o.LastMessage is not null))
            writer.WriteLine($"\n{outcome.LastAttempt}: {outcome.LastMessage}");
    }
}
