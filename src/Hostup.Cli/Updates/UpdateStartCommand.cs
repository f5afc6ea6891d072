using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Devices;
using Hostup.Cli.Policies;
using Hostup.Cli.Releases;
using Hostup.Cli.Targets;
using Hostup.Core.Wire;

namespace Hostup.Cli.Updates;

/// <summary>hostup update start: shows what the update costs, asks whoever sits there, and makes an attempt.</summary>
internal static class UpdateStartCommand
{
    public static ExampleCommand Build(Terminal terminal)
    {
        var device = DeviceCommands.DeviceArgument();
        var release = new Option<string>("--to") { Description = "Version or id of the release", Required = true };
        var reinstall = new Option<bool>("--reinstall") { Description = "Install also when the device runs it already" };
        var updater = UpdateEstimateCommand.UpdaterOption();
        var fallback = new Option<string[]>("--fallback-registry") { Description = "Registry tried after the server's own; may be repeated" };
        var why = TargetCommands.WhyOption();
        var locks = new Option<bool>("--override-locks") { Description = "Reboot also while an application holds an update lock" };
        var yes = new Option<bool>("--yes") { Description = "Do not ask; a script is never asked" };
        var wait = new Option<bool>("--wait") { Description = "Follow until the end; the exit code is the outcome" };
        var timeout = UpdateCommands.TimeoutOption();
        var json = ReleaseCommands.JsonOption();
        var policy = new PolicyOptions();
        var command = policy.AddTo(new ExampleCommand("start", "Update a device to a release.", "hostup update start demo --to 2.98.33+rev1 --wait") { device, release, why, reinstall, updater, fallback, locks, yes, wait, timeout, json });
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var request = new UpdateRequest
            {
                Release = parsed.GetValue(release)!,
                Why = parsed.GetValue(why) ?? "",
                Reinstall = parsed.GetValue(reinstall),
                Updater = parsed.GetValue(updater),
                FallbackRegistries = parsed.GetValue(fallback) ?? [],
                OverrideLocks = parsed.GetValue(locks),
                Policy = policy.Read(parsed),
            };
            if (terminal.IsInteractive && !parsed.GetValue(yes) && !await MayStartAsync(terminal, api, parsed.GetValue(device)!, request, ct))
                return ExitCodes.Cancelled;
            var attempt = await api.PostAsync($"api/v1/devices/{Uri.EscapeDataString(parsed.GetValue(device)!)}/updates", request, WireJson.Default.UpdateRequest, WireJson.Default.AttemptView, ct);
            if (parsed.GetValue(wait))
                return await new UpdateFollow(api, terminal).FollowAsync(attempt, parsed.GetValue(json), parsed.GetValue(timeout), ct);
            terminal.Print(attempt, parsed.GetValue(json), (w, a) => w.WriteLine($"attempt {a.Id}: {UpdateCommands.Or(a.FromVersion)} -> {UpdateText.VersionOf(a)}"));
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<bool> MayStartAsync(Terminal terminal, ApiClient api, string device, UpdateRequest request, CancellationToken ct)
    {
        // the question and what it is about go where the answer is typed, not into data
        UpdateEstimateCommand.Write(terminal.Error, await UpdateEstimateCommand.LoadAsync(api, device, request, ct));
        if (await terminal.AskAsync("Start it?", ct))
            return true;
        await terminal.Error.WriteLineAsync("not started");
        return false;
    }
}
