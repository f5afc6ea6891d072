using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Access;

/// <summary>hostup user: people who sign in with a password.</summary>
internal static class UserCommands
{
    public static Command Build(Terminal terminal) => new("user", "People who sign in with a password.") { New(terminal), List(terminal), Invite(terminal), End(terminal) };

    private static ExampleCommand New(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "Letters, digits, dots, dashes and underscores" };
        var role = new Option<string>("--role") { Description = "administrator, developer, operator or observer; without it that of the key that asks", HelpName = "ROLE" }.AcceptOnlyFromAmong("administrator", "developer", "operator", "observer");
        var fleet = new Option<string>("--fleet") { Description = "The one fleet that they see" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("new", "Make a user and print the link to choose a password, once.", "hostup user new anna --role operator") { name, role, fleet, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var request = new UserRequest(parsed.GetValue(name)!) { Role = parsed.GetValue(role), Fleet = parsed.GetValue(fleet) };
            terminal.Print(await api.PostAsync("api/v1/users", request, WireJson.Default.UserRequest, WireJson.Default.UserInvitation, ct), parsed.GetValue(json), (w, u) => w.WriteLine(u.Link));
        });
        return command;
    }

    private static ExampleCommand List(Terminal terminal)
    {
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List users who are let in, by name.", "hostup user list") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync("api/v1/users", WireJson.Default.PageUserView, ct), parsed.GetValue(json), (w, p) =>
                Terminal.Table(w, ["NAME", "ROLE", "FLEET", "MADE", ""], p.Items.Select(u => (IReadOnlyList<string>)[u.Name, u.Role, u.Fleet ?? "all", $"{u.CreatedAt:yyyy-MM-dd}", u.HasPassword ? "" : "no password yet"])));
        });
        return command;
    }

    private static ExampleCommand Invite(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "As `hostup user list` prints it" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("invite", "Print another link to choose a password, once.", "hostup user invite anna") { name, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.PostAsync($"api/v1/users/{Uri.EscapeDataString(parsed.GetValue(name)!)}/invite", [], WireJson.Default.UserInvitation, ct), parsed.GetValue(json), (w, u) => w.WriteLine(u.Link));
        });
        return command;
    }

    private static ExampleCommand End(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "As `hostup user list` prints it" };
        var command = new ExampleCommand("end", "Let a user in no more; keys that they made stay.", "hostup user end anna") { name };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/users/{Uri.EscapeDataString(parsed.GetValue(name)!)}/end");
            (await api.SendAsync(request, ct)).Dispose();
            await terminal.Output.WriteLineAsync("the user is let in no more");
        });
        return command;
    }
}
