using System.CommandLine;
using Hostup.Core.Wire;

namespace Hostup.Cli.Api;

/// <summary>hostup login: stores server and key after trying them.</summary>
internal static class LoginCommand
{
    public static ExampleCommand Build(Terminal terminal)
    {
        var server = new Argument<string>("URL") { Description = "Address of the server" };
        var key = new Option<string>("--key") { Description = "An operator key; -: read it from the input", Required = true };
        var command = new ExampleCommand("login", "Store server and key for the other commands.", "hostup login http://127.0.0.1:5080 --key - < hostup-data/operator-key") { server, key };
        command.SetAction(async (parsed, ct) =>
        {
            string given = parsed.GetValue(key)!;
            var credentials = new Credentials(Credentials.ParseServer(parsed.GetValue(server)!), (given == "-" ? await terminal.Input.ReadLineAsync(ct) ?? "" : given).Trim());
            using var api = new ApiClient(credentials);
            await api.GetAsync("api/v1/devices?limit=1", WireJson.Default.PageDeviceView, ct);
            credentials.Store();
            await terminal.Output.WriteLineAsync($"stored in {Credentials.File}");
        });
        return command;
    }
}
