using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Cli.Devices;

/// <summary>hostup device bytes: what a device's updates cost, month by month.</summary>
internal static class DeviceBytesCommand
{
    public static ExampleCommand Build(Terminal terminal)
    {
        var device = DeviceCommands.DeviceArgument();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("bytes", "Print what a device's updates cost by month.", "hostup device bytes demo") { device, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            terminal.Print(await api.GetAsync($"api/v1/devices/{Uri.EscapeDataString(parsed.GetValue(device)!)}/bytes", WireJson.Default.PageMonthBytes, ct), parsed.GetValue(json), Write);
        });
        return command;
    }

    private static void Write(TextWriter writer, Page<MonthBytes> months) => Terminal.Table(writer, ["MONTH", "UPDATES", "CAUSE", "RECEIVED", "SENT"], months.Items.SelectMany(Rows));

    private static IEnumerable<IReadOnlyList<string>> Rows(MonthBytes month)
    {
        yield return [month.Month, $"{month.Attempts}", "updates", $"{new ByteCount(month.Received)}", $"{new ByteCount(month.Sent)}"];
        foreach (var cause in month.Causes)
            yield return ["", "", cause.Cause, $"{new ByteCount(cause.Received)}", $"{new ByteCount(cause.Sent)}"];
    }
}
