using System.CommandLine;
using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Linux.Files;
using Hostup.Updates.Policies;

namespace Hostup.Device.Commands;

/// <summary><c>hostup-device policy</c>: what somebody at the device says of updates; it goes before what the server says, also for one that runs.</summary>
internal static class PolicyCommand
{
    public static Command Create()
    {
        var clear = new Option<bool>("--clear") { Description = "Forget what was said before" };
        var downloadOnly = new Option<bool?>("--download-only") { Description = "Stop at ready; false: go on, also with one that waits there" };
        var downloadWindow = new Option<string?>("--download-window") { Description = "Fetch only then: \"22:00-04:00 Europe/Berlin\", or any" };
        var rebootWindow = new Option<string?>("--reboot-window") { Description = "Reboot into the new OS only then; or any" };
        var metered = new Option<string?>("--metered") { Description = "On a metered network wait or go" };
        var rate = new Option<int?>("--rate-limit") { Description = "Most KiB a second; 0: no limit" };
        var budget = new Option<int?>("--byte-budget") { Description = "Most MiB for an attempt, on the wire; 0: no limit" };
        var deltaWait = new Option<int?>("--delta-wait") { Description = "Seconds to wait for a delta before the whole image" };
        var patience = new Option<int?>("--patience") { Description = "Seconds without progress until it fails" };
        metered.AcceptOnlyFromAmong("wait", "go");
        var command = new Command("policy", "Show, and with options set, what this device says of updates before the server does\n\nExample: hostup-device policy --download-only false")
        {
            clear, downloadOnly, downloadWindow, rebootWindow, metered, rate, budget, deltaWait, patience,
        };
        command.SetAction(parsed => Set(
            new PolicySettings
            {
                DownloadOnly = parsed.GetValue(downloadOnly),
                DownloadWindow = Window(parsed.GetValue(downloadWindow)),
                RebootWindow = Window(parsed.GetValue(rebootWindow)),
                WaitsWhileMetered = parsed.GetValue(metered) is { } said ? said == "wait" : null,
                BytesPerSecond = (long?)parsed.GetValue(rate) << 10,
                ByteBudget = (long?)parsed.GetValue(budget) << 20,
                DeltaWaitSeconds = parsed.GetValue(deltaWait),
                PatienceSeconds = parsed.GetValue(patience),
            },
            parsed.GetValue(clear)));
        return command;
    }

    private static int Set(PolicySettings said, bool clear)
    {
        var files = new LinuxFiles();
        var before = OwnPolicy.Load(files);
        var all = clear ? said : said.Over(before);
        if (all != before)
            OwnPolicy.Save(files, all);
        Console.WriteLine(JsonSerializer.Serialize(all, DeviceJson.Default.PolicySettings));
        return ExitCodes.Done;
    }

    private static string? Window(string? text) => text == "any" ? "" : text;
}
