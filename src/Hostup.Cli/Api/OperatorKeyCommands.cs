using System.CommandLine;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Api;

/// <summary>hostup operator-key: keys of people and programs who operate the server.</summary>
internal static class OperatorKeyCommands
{
    public static Command Build(Terminal terminal) => new("operator-key", "Keys of operators.") { New(terminal), List(terminal), Revoke(terminal) };

    private static ExampleCommand New(Terminal terminal)
    {
        var description = new Option<string>("--description") { Description = "Whose it is" };
        var role = new Option<string>("--role") { Description = "administrator, developer, operator or observer; without it that of the key that asks", HelpName = "ROLE" }.AcceptOnlyFromAmong("administrator", "developer", "operator", "observer");
        var fleet = new Option<string>("--fleet") { Description = "The one fleet that it is for" };
        var hours = new Option<double?>("--expires-in-hours") { Description = "When it stops working; without it never, or with the key that asks" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("new", "Make a key and print it; it is shown once.", "hostup operator-key new --role observer --description \"Anna\"") { description, role, fleet, hours, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var request = new OperatorKeyRequest(parsed.GetValue(description))
            {
                Role = parsed.GetValue(role),
                Fleet = parsed.GetValue(fleet),
                ExpiresAt = parsed.GetValue(hours) is { } h ? TimeProvider.System.GetUtcNow().AddHours(h) : null,
            };
            var key = await api.PostAsync("api/v1/operator-keys", request, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer, ct);
            terminal.Print(key, parsed.GetValue(json), (w, k) => w.WriteLine(k.Key));
        });
        return command;
    }

    private static ExampleCommand List(Terminal terminal)
    {
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List keys that still work, newest first.", "hostup operator-key list") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync("api/v1/operator-keys", WireJson.Default.PageOperatorKeyView, ct), parsed.GetValue(json), (w, p) =>
                Terminal.Table(w, ["ID", "ROLE", "FLEET", "USED", "WHOSE"], p.Items.Select(k => (IReadOnlyList<string>)[k.Id, k.Role, k.Fleet ?? "all", k.LastUsedAt is { } used ? $"{used:yyyy-MM-dd}" : "never", Whose(k)])));
        });
        return command;
    }

    private static string Whose(OperatorKeyView key) =>
        $"{key.Description}{(key.IsOwn ? " (this one)" : "")}{(key.ExpiresAt is { } end ? $" (until {end:yyyy-MM-dd HH:mm})" : "")}";

    private static ExampleCommand Revoke(Terminal terminal)
    {
        var id = new Argument<string>("ID") { Description = "As `hostup operator-key list` prints it" };
        var command = new ExampleCommand("revoke", "Make a key worthless; not the one that asks.", "hostup operator-key revoke 019a3b") { id };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/operator-keys/{Uri.EscapeDataString(parsed.GetValue(id)!)}/revoke");
            (await api.SendAsync(request, ct)).Dispose();
            await terminal.Output.WriteLineAsync("the key is worthless now");
        });
        return command;
    }
}
