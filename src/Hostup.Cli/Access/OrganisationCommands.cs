using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Access;

/// <summary>hostup organisation: whom devices, releases and keys belong to.</summary>
internal static class OrganisationCommands
{
    public static Command Build(Terminal terminal) => new("organisation", "Whom devices, releases and keys belong to.") { New(terminal), List(terminal) };

    private static ExampleCommand New(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "Letters, digits, dots, dashes and underscores" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("new", "Make one and print its first operator key, shown once.", "hostup organisation new acme") { name, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var made = await api.PostAsync("api/v1/organisations", new OrganisationRequest(parsed.GetValue(name)!), WireJson.Default.OrganisationRequest, WireJson.Default.OrganisationAnswer, ct);
            terminal.Print(made, parsed.GetValue(json), (w, o) => w.WriteLine(o.Key));
        });
        return command;
    }

    private static ExampleCommand List(Terminal terminal)
    {
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List those that the key may see.", "hostup organisation list") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync("api/v1/organisations", WireJson.Default.PageOrganisationView, ct), parsed.GetValue(json), (w, p) =>
                Terminal.Table(w, ["ID", "NAME", "MADE", ""], p.Items.Select(o => (IReadOnlyList<string>)[o.Id, o.Name, $"{o.CreatedAt:yyyy-MM-dd HH:mm}", o.IsOwn ? "this one" : ""])));
        });
        return command;
    }
}
