using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Devices;

/// <summary>hostup provisioning-key: keys with which devices register.</summary>
internal static class ProvisioningKeyCommands
{
    public static Command Build(Terminal terminal) => new("provisioning-key", "Keys with which devices register.") { New(terminal), List(terminal), Revoke(terminal) };

    // who has it may take the place of any device: a month is enough to provision, and short enough to be forgotten
    private const double DefaultHours = 30 * 24;

    private static ExampleCommand List(Terminal terminal)
    {
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List keys that still work, newest first.", "hostup provisioning-key list") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync("api/v1/provisioning-keys", WireJson.Default.PageProvisioningKeyView, ct), parsed.GetValue(json), (w, p) =>
                Terminal.Table(w, ["ID", "MADE", "UNTIL", "FLEET", "FOR"], p.Items.Select(k => (IReadOnlyList<string>)[k.Id, $"{k.CreatedAt:yyyy-MM-dd}", k.ExpiresAt is { } end ? $"{end:yyyy-MM-dd HH:mm}" : "never ends", k.Fleet ?? "", k.Description])));
        });
        return command;
    }

    private static ExampleCommand Revoke(Terminal terminal)
    {
        var id = new Argument<string>("ID") { Description = "As `hostup provisioning-key list` prints it" };
        var command = new ExampleCommand("revoke", "Make a key worthless; devices that registered with it stay.", "hostup provisioning-key revoke 019a3b") { id };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/provisioning-keys/{Uri.EscapeDataString(parsed.GetValue(id)!)}/revoke");
            (await api.SendAsync(request, ct)).Dispose();
            await terminal.Output.WriteLineAsync("the key is worthless now");
        });
        return command;
    }

    private static ExampleCommand New(Terminal terminal)
    {
        var description = new Option<string>("--description") { Description = "What it is for" };
        var hours = new Option<double>("--expires-in-hours") { Description = "When it stops working; 0: never", DefaultValueFactory = _ => DefaultHours };
        var fleet = new Option<string>("--fleet") { Description = "The fleet that devices register into" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("new", "Make a key and print it; it is shown once.", "hostup provisioning-key new --expires-in-hours 24") { description, hours, fleet, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            DateTimeOffset? end = parsed.GetValue(hours) is > 0 and var h ? TimeProvider.System.GetUtcNow().AddHours(h) : null;
            var key = await api.PostAsync("api/v1/provisioning-keys", new ProvisioningKeyRequest(parsed.GetValue(description), end) { NeverExpires = end is null, Fleet = parsed.GetValue(fleet) }, WireJson.Default.ProvisioningKeyRequest, WireJson.Default.ProvisioningKeyAnswer, ct);
            terminal.Print(key, parsed.GetValue(json), (w, k) => w.WriteLine(k.Key));
        });
        return command;
    }
}
