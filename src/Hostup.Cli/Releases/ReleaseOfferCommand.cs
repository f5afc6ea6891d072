using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Core.Wire;

namespace Hostup.Cli.Releases;

/// <summary>hostup release offer: from then on devices may have what was published as a draft.</summary>
internal static class ReleaseOfferCommand
{
    public static ExampleCommand Build(Terminal terminal)
    {
        var name = new Argument<string>("RELEASE") { Description = "Version or id" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("offer", "Let devices have a release that was a draft.", "hostup release offer 2.98.33+rev1") { name, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.PostAsync($"api/v1/releases/{Uri.EscapeDataString(parsed.GetValue(name)!)}/offer", [], WireJson.Default.ReleaseView, ct), parsed.GetValue(json), ReleaseCommands.WriteRelease);
        });
        return command;
    }
}
