using System.CommandLine;
using System.Text;
using Hostup.Cli.Api;
using Hostup.Cli.Devices;
using Hostup.Cli.Releases;
using Hostup.Core.Wire;

namespace Hostup.Cli.Updates;

/// <summary>hostup update: start, follow, see and cancel updates.</summary>
internal static class UpdateCommands
{
    public static Command Build(Terminal terminal) => new("update", "Start, follow and cancel updates.") { UpdateStartCommand.Build(terminal), UpdateEstimateCommand.Build(terminal), UpdatePolicyCommands.Set(terminal), UpdatePolicyCommands.Apply(terminal), Wait(terminal), Show(terminal), List(terminal), Log(terminal), Bundle(terminal), Cancel(terminal), OverrideLocks(terminal) };

    private static ExampleCommand Wait(Terminal terminal)
    {
        var id = AttemptArgument();
        var timeout = TimeoutOption();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("wait", "Follow an attempt until its end; the exit code is the outcome.", "hostup update wait demo --timeout 3600") { id, timeout, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var attempt = await FindAsync(api, parsed.GetValue(id)!, ct);
            return await new UpdateFollow(api, terminal).FollowAsync(attempt, parsed.GetValue(json), parsed.GetValue(timeout), ct);
        });
        return command;
    }

    private static ExampleCommand Show(Terminal terminal)
    {
        var id = AttemptArgument();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("show", "Show an attempt: where it stands, why, and what to do.", "hostup update show demo --json") { id, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var attempt = await FindAsync(api, parsed.GetValue(id)!, ct);
            terminal.Print(await api.GetAsync($"api/v1/attempts/{attempt.Id}/findings", WireJson.Default.AttemptView, ct), parsed.GetValue(json), UpdateText.Write);
        });
        return command;
    }

    private static ExampleCommand List(Terminal terminal)
    {
        var device = DeviceCommands.DeviceArgument();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List the attempts of a device, newest first.", "hostup update list demo") { device, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var page = await api.GetAsync($"api/v1/devices/{Uri.EscapeDataString(parsed.GetValue(device)!)}/updates", WireJson.Default.PageAttemptView, ct);
            terminal.Print(page, parsed.GetValue(json), (w, p) => Terminal.Table(w, ["ATTEMPT", "FROM", "TO", "STATE", "BEGAN"],
                p.Items.Select(a => (IReadOnlyList<string>)[a.Id, Or(a.FromVersion), UpdateText.VersionOf(a), a.Report.State, $"{a.CreatedAt:yyyy-MM-dd HH:mm}"])));
        });
        return command;
    }

    private static ExampleCommand Log(Terminal terminal)
    {
        var id = AttemptArgument();
        var command = new ExampleCommand("log", "Print the log of an attempt.", "hostup update log demo") { id };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var attempt = await FindAsync(api, parsed.GetValue(id)!, ct);
            await terminal.Output.WriteAsync(Encoding.UTF8.GetString(await api.GetBytesAsync($"api/v1/attempts/{attempt.Id}/log", ct)));
        });
        return command;
    }

    private static ExampleCommand Bundle(Terminal terminal)
    {
        var id = AttemptArgument();
        var output = new Option<string>("--out") { Description = "File to write, a gzipped tar", HelpName = "FILE", Required = true };
        var command = new ExampleCommand("bundle", "Write all that is known of an attempt into one archive.", "hostup update bundle demo --out demo.tar.gz") { id, output };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var attempt = await FindAsync(api, parsed.GetValue(id)!, ct);
            string file = parsed.GetValue(output)!;
            await File.WriteAllBytesAsync(file, await api.GetBytesAsync($"api/v1/attempts/{attempt.Id}/bundle", ct), ct);
            await terminal.Output.WriteLineAsync($"report, log, plan, manifest and device of attempt {attempt.Id} are in {file}");
        });
        return command;
    }

    private static ExampleCommand Cancel(Terminal terminal) => Ask(
        terminal, "cancel", "Ask for the end of an attempt.", a => a.EndedAt is null ? "the device is asked to end it; it does up to the point of no return" : $"ended: {a.Report.State}");

    private static ExampleCommand OverrideLocks(Terminal terminal) => Ask(
        terminal, "override-locks", "Let an attempt reboot while applications hold update locks.", _ => "the device is asked not to wait for update locks; the attempt's history says so");

    /// <summary>A command that asks something of an attempt: its name is that of the endpoint.</summary>
    private static ExampleCommand Ask(Terminal terminal, string name, string description, Func<AttemptView, string> answer)
    {
        var id = AttemptArgument();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand(name, description, $"hostup update {name} demo") { id, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var attempt = await FindAsync(api, parsed.GetValue(id)!, ct);
            var asked = await api.PostAsync($"api/v1/attempts/{attempt.Id}/{name}", [], WireJson.Default.AttemptView, ct);
            terminal.Print(asked, parsed.GetValue(json), (w, a) => w.WriteLine(answer(a)));
        });
        return command;
    }

    public static Argument<string> AttemptArgument() => new("ATTEMPT") { Description = "Id of an attempt, or a device: its last one" };

    public static Option<int?> TimeoutOption() => new("--timeout") { Description = "Seconds to follow at most; then exit 75 and the update goes on" };

    /// <summary>The attempt of an id, or the last one of a device.</summary>
    public static async Task<AttemptView> FindAsync(ApiClient api, string name, CancellationToken ct)
    {
        if (name.Length == 32 && await api.FindAsync($"api/v1/attempts/{name}", WireJson.Default.AttemptView, ct) is { } attempt)
            return attempt;
        var page = await api.GetAsync($"api/v1/devices/{Uri.EscapeDataString(name)}/updates?limit=1", WireJson.Default.PageAttemptView, ct);
        return page.Items is [var last, ..]
            ? await api.GetAsync($"api/v1/attempts/{last.Id}", WireJson.Default.AttemptView, ct)
            : throw new Core.Errors.HostupException(Core.Errors.HostupErrors.NotFound, $"cannot find an attempt of device {name}", "it never had one", "start one with `hostup update start`");
    }

    /// <summary>A version that may be unknown.</summary>
    public static string Or(string version) => version.Length == 0 ? "unknown" : version;
}
