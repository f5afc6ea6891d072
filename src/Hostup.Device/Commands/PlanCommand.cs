using System.CommandLine;
using System.Text.Json;
using Hostup.Updates.Plan;
using Hostup.Updates.Reporting;

namespace Hostup.Device.Commands;

/// <summary><c>hostup-device plan</c>: what an update would do. Touches nothing but the file that it is told to write.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var options = new TargetOptions();
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var rate = new Option<long?>("--rate") { Description = "Speed of the link in KiB a second; else as the last update measured it" };
        var file = new Option<string?>("--out") { Description = "Keep the plan in this file, for `hostup-device update --plan`" };
        var command = new Command("plan", "Show what an update would do and change nothing\n\nExample: hostup-device plan --out /mnt/data/plan.json") { options.Target, options.Release, json, rate, file };
        command.SetAction(async (parsed, ct) =>
        {
            using var device = new ThisDevice();
            using var links = new SourceLinks();
            var target = options.Load(parsed);
            var update = await UpdateAtHand.LookAsync(device.Ports, target, links.Open(device.Ports, target.Target), ct).ConfigureAwait(false);
            var plan = update.MakePlan(parsed.GetValue(rate) is > 0 and var kib ? LinkRate.Given(kib << 10) : null);
            if (parsed.GetValue(file) is { } path)
                await KeepAsync(path, plan, ct).ConfigureAwait(false);
            Console.Write(parsed.GetValue(json) ? JsonSerializer.Serialize(plan, DeviceJson.Default.UpdatePlan) + "\n" : PlanText.Write(plan));
            if (!parsed.GetValue(json))
                Console.WriteLine("\n" + CheckText.Verdict(update.Checks, update.Version));
            return ExitCodes.Of(update.Checks);
        });
        return command;
    }

    private static async Task KeepAsync(string path, UpdatePlan plan, CancellationToken ct)
    {
        try
        {
            await File.WriteAllBytesAsync(path, plan.ToJson(), ct).ConfigureAwait(false);
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            throw MediumFault.Of($"cannot keep the plan in {path}", e);
        }
    }
}
