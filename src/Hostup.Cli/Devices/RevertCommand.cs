using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Policies;
using Hostup.Cli.Releases;
using Hostup.Cli.Updates;
using Hostup.Core.Wire;

namespace Hostup.Cli.Devices;

/// <summary>hostup device revert: back to the OS in the spare slot.</summary>
internal static class RevertCommand
{
    public static ExampleCommand Build(Terminal terminal)
    {
        var device = DeviceCommands.DeviceArgument();
        var locks = new Option<bool>("--override-locks") { Description = "Reboot also while an application holds an update lock" };
        var wait = new Option<bool>("--wait") { Description = "Follow until the end; the exit code is the outcome" };
        var timeout = UpdateCommands.TimeoutOption();
        var json = ReleaseCommands.JsonOption();
        var policy = new PolicyOptions();
        var command = policy.AddTo(new ExampleCommand("revert", "Take a device back to the OS in its spare slot, if the slot is as it was.", "hostup device revert demo --wait") { device, locks, wait, timeout, json });
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var request = new RevertRequest { OverrideLocks = parsed.GetValue(locks), Policy = policy.Read(parsed) };
            var attempt = await api.PostAsync($"api/v1/devices/{Uri.EscapeDataString(parsed.GetValue(device)!)}/revert", request, WireJson.Default.RevertRequest, WireJson.Default.AttemptView, ct);
            if (parsed.GetValue(wait))
                return await new UpdateFollow(api, terminal).FollowAsync(attempt, parsed.GetValue(json), parsed.GetValue(timeout), ct);
            terminal.Print(attempt, parsed.GetValue(json), (w, a) => w.WriteLine($"attempt {a.Id}: {(a.FromVersion.Length == 0 ? "unknown" : a.FromVersion)} -> {UpdateText.VersionOf(a)}"));
            return ExitCodes.Done;
        });
        return command;
    }
}
