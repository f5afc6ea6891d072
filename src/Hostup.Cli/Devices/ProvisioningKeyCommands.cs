using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Devices;

/// <summary>hostup provisioning-key: keys with which devices register.</summary>
internal static class ProvisioningKeyCommands
{
    public static Command Build(Terminal terminal) => new("provisioning-key", "Make keys with which devices register.") { New(terminal) };

    private static ExampleCommand New(Terminal terminal)
    {
        var description = new Option<string>("--description") { Description = "What it is for" };
        var hours = new Option<double?>("--expires-in-hours") { Description = "When it stops working; without it never" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("new", "Make a key and print it; it is shown once.", "hostup provisioning-key new --expires-in-hours 24") { description, hours, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            DateTimeOffset? end = parsed.GetValue(hours) is { } h ? TimeProvider.System.GetUtcNow().AddHours(h) : null;
            var key = await api.PostAsync("api/v1/provisioning-keys", new ProvisioningKeyRequest(parsed.GetValue(description), end), WireJson.Default.ProvisioningKeyRequest, WireJson.Default.ProvisioningKeyAnswer, ct);
            terminal.Print(key, parsed.GetValue(json), (w, k) => w.WriteLine(k.Key));
        });
        return command;
    }
}
