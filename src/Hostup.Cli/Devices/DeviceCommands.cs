using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Policies;
using Hostup.Cli.Releases;
using Hostup.Cli.Targets;
using Hostup.Cli.Updates;
using Hostup.Core.Wire;

namespace Hostup.Cli.Devices;

/// <summary>hostup device: what runs where.</summary>
internal static class DeviceCommands
{
    // behind the names in the text of a device
    private const int TextColumn = 13;

    public static Command Build(Terminal terminal) => new("device", "See devices and their logs, change their keys and fleets.")
    {
        List(terminal), Show(terminal), DeviceLogsCommand.Build(terminal), DeviceBytesCommand.Build(terminal), Events(terminal), RevertCommand.Build(terminal),
        Act(terminal, "reset-key", "Make a device's key worthless and let it register again.", "the key is worthless now; the device can register again"),
        Act(terminal, "rotate-key", "Ask a device to change its key.", "the device changes its key at its next poll; the old one is good until then"),
        Act(terminal, "retire", "Make a device's key worthless for good.", "the key is worthless now and the device cannot register; its history stays"),
        SetFleet(terminal),
    };

    private static ExampleCommand List(Terminal terminal)
    {
        var fleet = new Option<string>("--fleet") { Description = "Those of one fleet" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List devices.", "hostup device list --json") { fleet, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            string of = parsed.GetValue(fleet) is { } name ? $"&fleet={Uri.EscapeDataString(name)}" : "";
            var devices = new List<DeviceView>();
            for (string? after = ""; after is not null;)
            {
                var page = await api.GetAsync($"api/v1/devices?limit=1000&after={after}{of}", WireJson.Default.PageDeviceView, ct);
                devices.AddRange(page.Items);
                after = page.Next;
            }
            terminal.Print(new Page<DeviceView>(devices, null), parsed.GetValue(json), (w, p) => Terminal.Table(w, ["DEVICE", "NAME", "TYPE", "RUNS", "LAST SEEN", "UPDATE"],
                p.Items.Select(d => (IReadOnlyList<string>)[d.Uuid[..7], d.Name, d.DeviceType, d.State?.OsVersion ?? "?", Seen(d), d.RetiredAt is not null ? "retired" : d.ClonedAt is not null ? "CLONED" : d.OpenAttempt is { } a ? $"{a.Version}: {a.Report.State}{(a.Silence is { DeviceHeardOf: true } ? " STUCK" : "")}" : "-"])));
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

    private static ExampleCommand Events(Terminal terminal)
    {
        var device = DeviceArgument();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("events", "List what happened to a device's identity, newest first.", "hostup device events demo") { device, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync($"api/v1/devices/{Uri.EscapeDataString(parsed.GetValue(device)!)}/events", WireJson.Default.PageDeviceEvent, ct), parsed.GetValue(json), (w, p) =>
                Terminal.Table(w, ["WHEN", "WHAT", "MESSAGE"], p.Items.Select(e => (IReadOnlyList<string>)[$"{e.At:yyyy-MM-dd HH:mm:ss}", e.Kind, e.Message])));
        });
        return command;
    }

    /// <summary>Something that is asked of the server about a device, without data.</summary>
    private static ExampleCommand Act(Terminal terminal, string verb, string description, string said)
    {
        var device = DeviceArgument();
        var command = new ExampleCommand(verb, description, $"hostup device {verb} demo") { device };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/devices/{Uri.EscapeDataString(parsed.GetValue(device)!)}/{verb}");
            (await api.SendAsync(request, ct)).Dispose();
            await terminal.Output.WriteLineAsync(said);
        });
        return command;
    }

    private static ExampleCommand SetFleet(Terminal terminal)
    {
        var device = DeviceArgument();
        var fleet = new Argument<string?>("FLEET") { Description = "As `hostup fleet list` prints it; none: in no fleet", Arity = ArgumentArity.ZeroOrOne };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("set-fleet", "Put a device into a fleet, or into none.", "hostup device set-fleet demo trucks") { device, fleet, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            string address = $"api/v1/devices/{Uri.EscapeDataString(parsed.GetValue(device)!)}/fleet";
            var now = await api.PutAsync(address, new DeviceFleetRequest(parsed.GetValue(fleet)), WireJson.Default.DeviceFleetRequest, WireJson.Default.DeviceFleetRequest, ct);
            terminal.Print(now, parsed.GetValue(json), (w, f) => w.WriteLine(f.Fleet is { } name ? $"the device is in fleet {name}" : "the device is in no fleet"));
        });
        return command;
    }

    public static Argument<string> DeviceArgument() => new("DEVICE") { Description = "Uuid, its first 7 digits or more, or name" };

    private static void WriteDevice(TextWriter writer, DeviceView device)
    {
        writer.WriteLine($"device       {device.Name}  ({device.Uuid})");
        writer.WriteLine($"type         {device.DeviceType}");
        if (device.Fleet is { } fleet)
            writer.WriteLine($"fleet        {fleet}");
        writer.WriteLine($"last seen    {Seen(device)}");
        if (device.RetiredAt is { } retired)
            writer.WriteLine($"retired      {retired:yyyy-MM-dd HH:mm}");
        if (device.KeyRotationAsked)
            writer.WriteLine("key          asked to change it; it has not yet");
        if (device.ClonedAt is { } cloned)
            writer.WriteLine($"CLONED       since {cloned:yyyy-MM-dd HH:mm} two machines use its key; flash one of them again");
        foreach (var machine in device.Machines)
            writer.WriteLine($"machine      {(machine.Machine.Length == 0 ? "unknown" : machine.Machine)} at {machine.Address}, last seen {machine.LastSeenAt:yyyy-MM-dd HH:mm}");
        if (device.State is { } state)
        {
            writer.WriteLine($"runs         {state.OsVersion}, kernel {state.Kernel}, supervisor {state.SupervisorVersion}");
            writer.WriteLine($"program      {state.AgentVersion}");
            foreach (var slot in state.Slots)
                writer.WriteLine($"slot         {slot.Slot}  {(slot.Version.Length == 0 ? "unknown" : slot.Version)}{(slot.Slot == state.RunningSlot ? "  (runs)" : "")}");
        }
        foreach (string said in PolicyText.Lines(device.Policy))
            writer.WriteLine($"policy       {said}");
        Terminal.Field(writer, "target", device.Target is { } target ? TargetCommands.Text(target) : "none; it stays at what it runs", TextColumn);
        if (device.WhyNot is { } why)
            Terminal.Field(writer, "why not", why.Sentence, TextColumn);
        if ((device.OpenAttempt ?? device.LastAttempt) is not { } attempt)
            return;
        writer.WriteLine($"{(attempt.EndedAt is null ? "update     " : "last update")}  to {attempt.Version}: {attempt.Report.State}{(attempt.Report.Message is { } message ? $", {message}" : "")}  ({attempt.Id})");
        if (UpdateText.ImageFrom(attempt.Report) is { } origin)
            writer.WriteLine($"image        {origin}");
        foreach (string bytes in UpdateText.Bytes(attempt.Report))
            writer.WriteLine($"bytes        {bytes}");
    }

    private static string Seen(DeviceView device) => device.LastSeenAt is { } at ? $"{at:yyyy-MM-dd HH:mm}" : "never";
}
