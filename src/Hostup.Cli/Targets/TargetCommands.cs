using System.CommandLine;
using System.Globalization;
using Hostup.Cli.Api;
using Hostup.Cli.Devices;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Targets;

/// <summary>hostup target: what devices are to run, whether they are online or not.</summary>
internal static class TargetCommands
{
    public static Command Build(Terminal terminal) => new("target", "What devices are to run, online or not.") { Show(terminal), Set(terminal), Clear(terminal) };

    private static ExampleCommand Show(Terminal terminal)
    {
        var device = DeviceCommands.DeviceArgument();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("show", "Show what a device is to run, by whom, when and why.", "hostup target show demo") { device, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync(AddressOf(parsed.GetValue(device)!), WireJson.Default.DeclaredTarget, ct), parsed.GetValue(json), Write);
        });
        return command;
    }

    private static ExampleCommand Set(Terminal terminal)
    {
        var device = DeviceCommands.DeviceArgument();
        var release = new Option<string>("--to") { Description = "Version or id of the release", Required = true };
        var why = WhyOption();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("set", "Declare what a device is to run; it is updated unless it runs it.", "hostup target set demo --to 2.98.33+rev1 --why \"kernel fix\"") { device, release, why, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var request = new TargetRequest(parsed.GetValue(release)!, parsed.GetValue(why));
            terminal.Print(await api.PutAsync(AddressOf(parsed.GetValue(device)!), request, WireJson.Default.TargetRequest, WireJson.Default.DeclaredTarget, ct), parsed.GetValue(json), Write);
        });
        return command;
    }

    private static ExampleCommand Clear(Terminal terminal)
    {
        var device = DeviceCommands.DeviceArgument();
        var command = new ExampleCommand("clear", "Set it back: the device stays at what it runs.", "hostup target clear demo") { device };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            using var request = new HttpRequestMessage(HttpMethod.Delete, AddressOf(parsed.GetValue(device)!));
            (await api.SendAsync(request, ct)).Dispose();
            await terminal.Output.WriteLineAsync("the device stays at what it runs; every update on its way is cancelled");
        });
        return command;
    }

    public static Option<string?> WhyOption() => new("--why") { Description = "Why the device is to run it, for people", HelpName = "TEXT" };

    /// <summary>In words, as the view of a device has it too.</summary>
    public static string Text(DeclaredTarget target) =>
        string.Create(CultureInfo.InvariantCulture, $"{target.Version}, declared {target.At:yyyy-MM-dd HH:mm}Z by \"{target.By}\"{(target.Why.Length > 0 ? $": {target.Why}" : "")}");

    private static void Write(TextWriter writer, DeclaredTarget target) => writer.WriteLine(Text(target));

    private static string AddressOf(string device) => $"api/v1/devices/{Uri.EscapeDataString(device)}/target";
}
