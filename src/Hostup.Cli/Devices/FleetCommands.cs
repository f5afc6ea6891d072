using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Devices;

/// <summary>hostup fleet: devices that belong together.</summary>
internal static class FleetCommands
{
    public static Command Build(Terminal terminal) => new("fleet", "Devices that belong together.") { New(terminal), List(terminal), Remove(terminal) };

    private static ExampleCommand New(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "Letters, digits, dots, dashes and underscores" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("new", "Make a fleet.", "hostup fleet new trucks") { name, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var fleet = await api.PostAsync("api/v1/fleets", new FleetRequest(parsed.GetValue(name)!), WireJson.Default.FleetRequest, WireJson.Default.FleetView, ct);
            terminal.Print(fleet, parsed.GetValue(json), (w, f) => w.WriteLine($"made fleet {f.Name}"));
        });
        return command;
    }

    private static ExampleCommand List(Terminal terminal)
    {
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List fleets by name.", "hostup fleet list") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync("api/v1/fleets", WireJson.Default.PageFleetView, ct), parsed.GetValue(json), (w, p) =>
                Terminal.Table(w, ["FLEET", "DEVICES", "MADE"], p.Items.Select(f => (IReadOnlyList<string>)[f.Name, $"{f.Devices}", $"{f.CreatedAt:yyyy-MM-dd HH:mm}"])));
        });
        return command;
    }

    private static ExampleCommand Remove(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "As `hostup fleet list` prints it" };
        var command = new ExampleCommand("remove", "Remove a fleet; its devices stay, in none.", "hostup fleet remove trucks") { name };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            using var request = new HttpRequestMessage(HttpMethod.Delete, $"api/v1/fleets/{Uri.EscapeDataString(parsed.GetValue(name)!)}");
            (await api.SendAsync(request, ct)).Dispose();
            await terminal.Output.WriteLineAsync("the fleet is gone; its devices stay");
        });
        return command;
    }
}
