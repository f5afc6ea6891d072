using System.CommandLine;
using Hostup.Cli.Api;
using Hostup.Cli.Devices;
using Hostup.Cli.Releases;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Cli.Updates;

/// <summary>hostup update estimate: what an update of a device would cost.</summary>
internal static class UpdateEstimateCommand
{
    // behind the names in the text
    private const int TextColumn = 12;

    public static ExampleCommand Build(Terminal terminal)
    {
        var device = DeviceCommands.DeviceArgument();
        var release = new Option<string>("--to") { Description = "Version or id of the release", Required = true };
        var updater = UpdaterOption();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("estimate", "Show what an update would cost; nothing is started.", "hostup update estimate demo --to 2.98.33+rev1") { device, release, updater, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var request = new UpdateRequest { Release = parsed.GetValue(release)!, Updater = parsed.GetValue(updater) };
            terminal.Print(await LoadAsync(api, parsed.GetValue(device)!, request, ct), parsed.GetValue(json), Write);
        });
        return command;
    }

    public static Option<string> UpdaterOption() => new("--updater") { Description = "Version or digest of the device program; none: the device's own; without it the newest" };

    public static Task<UpdateEstimate> LoadAsync(ApiClient api, string device, UpdateRequest request, CancellationToken ct) =>
        api.PostAsync($"api/v1/devices/{Uri.EscapeDataString(device)}/updates/estimate", request, WireJson.Default.UpdateRequest, WireJson.Default.UpdateEstimate, ct);

    public static void Write(TextWriter writer, UpdateEstimate estimate)
    {
        var image = new ByteCount(estimate.ImageBytes);
        Terminal.Field(writer, "update", $"{estimate.DeviceName}: {UpdateCommands.Or(estimate.FromVersion)} -> {estimate.Version}", TextColumn);
        Terminal.Field(writer, "image", estimate switch
        {
            { DeltaBytes: { } delta } => $"{new ByteCount(delta)} as delta; the full image has {image}",
            { DeltaState: { } state } when !DeltaStates.IsSettled(state) => $"{image}; less when the delta, which is {state}, comes in time",
            _ => $"{image}",
        }, TextColumn);
        if (estimate.UpdaterVersion.Length > 0)
            Terminal.Field(writer, "updater", $"{new ByteCount(estimate.UpdaterBytes)}, version {estimate.UpdaterVersion}; nothing when the device has it", TextColumn);
        if (estimate.SupervisorBytes > 0)
            Terminal.Field(writer, "supervisor", $"{new ByteCount(estimate.SupervisorBytes)}; less when the device holds a part of it", TextColumn);
        Terminal.Field(writer, "in all", $"at most {new ByteCount(estimate.MostBytes)}", TextColumn);
        Terminal.Field(writer, "time", estimate.Time is { } time
            ? $"{Age.Text(time)} at {new ByteCount(estimate.BytesPerSecond ?? 0)}/s, as the last update had it"
            : "unknown: no update of this device was measured", TextColumn);
        if (estimate.Replaces is { } attempt)
            Terminal.Field(writer, "ends", $"attempt {attempt}, which is on its way", TextColumn);
    }
}
