using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Policies;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Updates;

/// <summary>hostup update set and apply: the policy of an attempt that is on its way.</summary>
internal static class UpdatePolicyCommands
{
    public static ExampleCommand Set(Terminal terminal)
    {
        var id = UpdateCommands.AttemptArgument();
        var options = new PolicyOptions();
        var json = ReleaseCommands.JsonOption();
        var command = options.AddTo(new ExampleCommand("set", "Change how and when an attempt is carried out.", "hostup update set demo --byte-budget 200") { id, json });
        command.SetAction((parsed, ct) => ChangeAsync(terminal, parsed.GetValue(id)!, options.Read(parsed), parsed.GetValue(json), "the device hears of it at its next poll", ct));
        return command;
    }

    public static ExampleCommand Apply(Terminal terminal)
    {
        var id = UpdateCommands.AttemptArgument();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("apply", "Let an attempt that was to be fetched only go on.", "hostup update apply demo") { id, json };
        command.SetAction((parsed, ct) => ChangeAsync(terminal, parsed.GetValue(id)!, new PolicySettings { DownloadOnly = false }, parsed.GetValue(json), "it goes on after the device's next poll, in its reboot window", ct));
        return command;
    }

    private static async Task ChangeAsync(Terminal terminal, string name, PolicySettings said, bool json, string told, CancellationToken ct)
    {
        using var api = ApiClient.Connect();
        var attempt = await UpdateCommands.FindAsync(api, name, ct);
        var kept = await api.PutAsync($"api/v1/attempts/{attempt.Id}/policy", said.Over(attempt.Policy), WireJson.Default.PolicySettings, WireJson.Default.PolicySettings, ct);
        terminal.Print(kept, json, (w, _) => w.WriteLine(told));
    }
}
