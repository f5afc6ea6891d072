using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Access;

/// <summary>hostup audit: who did what.</summary>
internal static class AuditCommands
{
    private const int Usual = 50;

    public static Command Build(Terminal terminal) => new("audit", "Who did what, and what was refused.") { List(terminal) };

    private static ExampleCommand List(Terminal terminal)
    {
        var who = new Option<string>("--who") { Description = "Acts of one key, by its id" };
        var act = new Option<string>("--act") { Description = "One act, like device.retire" };
        var subject = new Option<string>("--on") { Description = "What was done to one thing, as the list prints it" };
        var after = new Option<string>("--after") { Description = "Older than this number, which the list ends with" };
        var limit = new Option<int>("--limit") { Description = "How many, 1 to 1000", DefaultValueFactory = _ => Usual };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List acts, newest first.", "hostup audit list --act update.start --limit 10") { who, act, subject, after, limit, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            string query = $"limit={parsed.GetValue(limit)}{Part("who", parsed.GetValue(who))}{Part("act", parsed.GetValue(act))}{Part("subject", parsed.GetValue(subject))}{Part("after", parsed.GetValue(after))}";
            terminal.Print(await api.GetAsync($"api/v1/audit?{query}", WireJson.Default.PageAuditEntry, ct), parsed.GetValue(json), Write);
        });
        return command;
    }

    private static string Part(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static void Write(TextWriter writer, Page<AuditEntry> page)
    {
        Terminal.Table(writer, ["WHEN", "WHO", "ACT", "OUTCOME", "ON"], page.Items.Select(e => (IReadOnlyList<string>)[$"{e.At:yyyy-MM-dd HH:mm:ss}", e.Name.Length > 0 ? e.Name : e.Who.Length > 0 ? e.Who : "nobody", e.Act, e.Outcome, e.Detail is null ? e.Subject : $"{e.Subject} ({e.Detail})"]));
        if (page.Next is { } next)
            writer.WriteLine($"more with --after {next}");
    }
}
