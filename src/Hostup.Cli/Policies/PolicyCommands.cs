using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Policies;

/// <summary>hostup policy: how and when all devices, or one, carry out updates.</summary>
internal static class PolicyCommands
{
    private const string ForAll = "api/v1/policy";

    public static Command Build(Terminal terminal) => new("policy", "How and when devices carry out updates.") { Show(terminal), Set(terminal) };

    private static ExampleCommand Show(Terminal terminal)
    {
        var device = DeviceArgument();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("show", "Show what is said for all devices, or for one.", "hostup policy show demo") { device, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await LoadAsync(api, parsed.GetValue(device), ct), parsed.GetValue(json), Write);
        });
        return command;
    }

    private static ExampleCommand Set(Terminal terminal)
    {
        var device = DeviceArgument();
        var clear = new Option<bool>("--clear") { Description = "Forget what was said before" };
        var poll = new Option<int?>("--poll-interval") { Description = "Seconds between two polls of the server", HelpName = "SECONDS" };
        var options = new PolicyOptions();
        var json = ReleaseCommands.JsonOption();
        var command = options.AddTo(new ExampleCommand("set", "Say it; what is not named stays as it was said.", "hostup policy set demo --reboot-window \"02:00-04:00 Europe/Berlin\"") { device, clear, poll, json });
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var said = options.Read(parsed) with { PollSeconds = parsed.GetValue(poll) };
            var all = parsed.GetValue(clear) ? said : said.Over(await LoadAsync(api, parsed.GetValue(device), ct));
            var kept = await api.PutAsync(AddressOf(parsed.GetValue(device)), all, WireJson.Default.PolicySettings, WireJson.Default.PolicySettings, ct);
            terminal.Print(kept, parsed.GetValue(json), Write);
        });
        return command;
    }

    private static Argument<string?> DeviceArgument() => new("DEVICE") { Description = "Uuid, its first 7 digits or more, or name; none: all devices", Arity = ArgumentArity.ZeroOrOne };

    private static async Task<PolicySettings> LoadAsync(ApiClient api, string? device, CancellationToken ct) => device is null
        ? await api.GetAsync(ForAll, WireJson.Default.PolicySettings, ct)
        : (await api.GetAsync($"api/v1/devices/{Uri.EscapeDataString(device)}", WireJson.Default.DeviceView, ct)).Policy;

    private static string AddressOf(string? device) => device is null ? ForAll : $"api/v1/devices/{Uri.EscapeDataString(device)}/policy";

    private static void Write(TextWriter writer, PolicySettings policy)
    {
        var lines = PolicyText.Lines(policy);
        foreach (string line in lines is [] ? ["nothing is said here"] : lines)
            writer.WriteLine(line);
    }
}
