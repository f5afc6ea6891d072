using System.CommandLine;
using Hostup.Cli.Releases;
using Hostup.Core;
using Hostup.Core.Rules;

namespace Hostup.Cli.Rules;

/// <summary>hostup rules: what may be updated to what, without a server.</summary>
internal static class RulesCommands
{
    public static Command Build(Terminal terminal) => new("rules", "What may be updated to what.") { Check(terminal) };

    private static ExampleCommand Check(Terminal terminal)
    {
        var rules = new Option<string>("--rules") { Description = $"File of rules, or {string.Join(" or ", UpdateRules.BuiltIn)}", DefaultValueFactory = _ => UpdateRules.BuiltIn[0] };
        var type = new Option<string>("--device-type") { Description = "Slug of the device type", Required = true };
        var from = new Option<string>("--from") { Description = "Version that the device runs", Required = true };
        var to = new Option<string>("--to") { Description = "Version that it is to run", Required = true };
        var board = new Option<string>("--board") { Description = "Name of the board as its device tree names it" };
        var toBase = new Option<string>("--to-base") { Description = "Rolling version that a long-term target is built on" };
        var releases = new Option<string[]>("--release") { Description = "Releases that there are, as stepping stones", AllowMultipleArgumentsPerToken = true };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("check", "Say whether a device may go from one version to another, and why not. Exit 0 allowed, 3 refused.",
            "hostup rules check --device-type raspberrypi3 --from 2.0.0+rev2\n    --to 2.12.3+rev1")
        {
            rules, type, from, to, board, toBase, releases, json,
        };
        command.SetAction(parsed =>
        {
            var asked = new UpdateQuestion(DeviceType.Parse(parsed.GetValue(type)!).ToString(), parsed.GetValue(from)!, parsed.GetValue(to)!)
            {
                Board = parsed.GetValue(board),
                ToBase = parsed.GetValue(toBase),
                Releases = parsed.GetValue(releases) ?? [],
            };
            var verdict = Load(parsed.GetValue(rules)!).Judge(asked);
            terminal.Print(verdict, parsed.GetValue(json), (w, v) => w.WriteLine(v.Allowed ? $"allowed: {v.Sentence}" : $"refused: {v.Sentence} [{v.Reason}]"));
            return verdict.Allowed ? ExitCodes.Done : ExitCodes.Refused;
        });
        return command;
    }

    private static UpdateRules Load(string nameOrFile) =>
        File.Exists(nameOrFile) ? UpdateRules.Read(File.ReadAllBytes(nameOrFile), nameOrFile) : UpdateRules.Load(nameOrFile);
}
