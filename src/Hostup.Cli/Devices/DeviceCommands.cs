using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Devices;

/// <summary>hostup device: what runs where.</summary>
internal static class DeviceCommands
{
    public static Command Build(Terminal terminal) => new("device", "See devices.") { List(terminal), Show(terminal), ResetKey(terminal) };

    private static ExampleCommand List(Terminal terminal)
    {
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List devices.", "hostup device list --json") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var devices = new List<DeviceView>();
            for (string? after = ""; after is not null;)
            {
                var page = await api.GetAsync($"api/v1/devices?limit=1000&after={after}", WireJson.Default.PageDeviceView, ct);
                devices.AddRange(page.Items);
                after = page.Next;
            }
            terminal.Print(new Page<DeviceView>(devices, null), parsed.GetValue(json), (w, p) => Terminal.Table(w, ["DEVICE", "NAME", "TYPE", "RUNS", "LAST SEEN", "UPDATE"],
                p.Items.Select(d => (IReadOnlyList<string>)[d.Uuid[..7], d.Name, d.DeviceType, d.State?.OsVersion ?? "?", Seen(d), d.OpenAttempt is { } a ? $"{a.Version}: {a.Report.State}" : "-"])));
        });
        return command;
    }

    private static ExampleCommand Show(Terminal terminal)
    {
        var device = DeviceArgument();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("show", "Show a device.", "hostup device show demo") { device, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync($"api/v1/devices/{Uri.EscapeDataString(parsed.GetValue(device)!)}", WireJson.Default.DeviceView, ct), parsed.GetValue(json), WriteDevice);
        });
        return command;
    }

    private static ExampleCommand ResetKey(Terminal terminal)
    {
        var device = DeviceArgument();
        var command = new ExampleCommand("reset-key", "Make a device's key worthless and let it register again.", "hostup device reset-key demo") { device };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/devices/{Uri.EscapeDataString(parsed.GetValue(device)!)}/reset-key");
            (await api.SendAsync(request, ct)).Dispose();
            await terminal.Output.WriteLineAsync("the key is worthless now; the device can register again");
        });
        return command;
    }

    public static Argument<string> DeviceArgument() => new("DEVICE") { Description = "Uuid, its first 7 digits or more, or name" };

    private static void WriteDevice(TextWriter writer, DeviceView device)
    {
        writer.WriteLine($"device       {device.Name}  ({device.Uuid})");
        writer.WriteLine($"type         {device.DeviceType}");
        writer.WriteLine($"last seen    {Seen(device)}");
        if (device.State is { } state)
        {
            writer.WriteLine($"runs         {state.OsVersion}, kernel {state.Kernel}, supervisor {state.SupervisorVersion}");
            writer.WriteLine($"program      {state.AgentVersion}");
            foreach (var slot in state.Slots)
                writer.WriteLine($"slot         {slot.Slot}  {(slot.Version.Length == 0 ? "unknown" : slot.Version)}{(slot.Slot == state.RunningSlot ? "  (runs)" : "")}");
        }
        if (device.OpenAttempt is { } attempt)
            writer.WriteLine($"update       to {attempt.Version}: {attempt.Report.State}  ({attempt.Id})");
    }

    private static string Seen(DeviceView device) => device.LastSeenAt is { } at ? $"{at:yyyy-MM-dd HH:mm}" : "never";
}
