using System.CommandLine;
using System.Globalization;
using Hostup.Cli.Api;
using Hostup.Cli.Releases;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Cli.Deltas;

/// <summary>hostup delta list and request: the deltas that the server builds and offers.</summary>
internal static class DeltaServerCommands
{
    private const int WaitSeconds = 30;

    public static ExampleCommand List(Terminal terminal)
    {
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("list", "List the deltas of the server, those asked for last first.", "hostup delta list") { json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var page = await api.GetAsync("api/v1/deltas?limit=1000", WireJson.Default.PageDeltaView, ct);
            terminal.Print(page, parsed.GetValue(json), (w, p) => Terminal.Table(w, ["FROM", "TO", "DEVICE TYPE", "STATE", "DELTA", "IMAGE", "ERROR"],
                p.Items.Select(d => (IReadOnlyList<string>)[d.From, d.To, d.DeviceType, StateOf(d), SizeOf(d.Bytes), SizeOf(d.FullBytes), d.ErrorCode ?? ""])));
        });
        return command;
    }

    public static ExampleCommand Request(Terminal terminal)
    {
        var from = new Option<string>("--from") { Description = "Version or id of the release that devices run", Required = true };
        var to = new Option<string>("--to") { Description = "Version or id of the release that they are to get", Required = true };
        var wait = new Option<bool>("--wait") { Description = "Follow it until it is built" };
        var timeout = new Option<int?>("--timeout") { Description = "Seconds to follow at most; then exit 75 and the build goes on" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("request", "Let the server build a delta now, before a device asks for it.", "hostup delta request --from 2.98.33 --to 2.101.0 --wait") { from, to, wait, timeout, json };
        command.SetAction(async (parsed, ct) =>
        {
            using var api = ApiClient.Connect();
            var delta = await api.PostAsync("api/v1/deltas", new DeltaRequest(parsed.GetValue(from)!, parsed.GetValue(to)!), WireJson.Default.DeltaRequest, WireJson.Default.DeltaView, ct);
            if (parsed.GetValue(wait))
                delta = await FollowAsync(api, delta, parsed.GetValue(json) ? terminal.Error : terminal.Output, parsed.GetValue(timeout), ct);
            terminal.Print(delta, parsed.GetValue(json), Write);
            return ExitOf(delta.State);
        });
        return command;
    }

    private static async Task<DeltaView> FollowAsync(ApiClient api, DeltaView delta, TextWriter progress, int? timeoutSeconds, CancellationToken ct)
    {
        var time = TimeProvider.System;
        long began = time.GetTimestamp();
        string told = "";
        while (true)
        {
            if (StateOf(delta) is var state && state != told)
            {
                told = state;
                await progress.WriteLineAsync($"{time.GetLocalNow():HH:mm:ss}  {state}");
            }
            if (DeltaStates.IsSettled(delta.State))
                return delta;
            double left = timeoutSeconds is { } limit ? limit - time.GetElapsedTime(began).TotalSeconds : WaitSeconds;
            if (left <= 0)
                throw new HostupException(HostupErrors.ServerBusy, $"cannot follow delta {delta.Id} to its end", $"it is {delta.State} after {timeoutSeconds} seconds", "it goes on; see `hostup delta list`");
            delta = await api.GetAsync($"api/v1/deltas/{delta.Id}?waitSerial={delta.Serial}&seconds={(int)Math.Clamp(Math.Ceiling(left), 1, WaitSeconds)}", WireJson.Default.DeltaView, ct);
        }
    }

    private static int ExitOf(string state) => state switch
    {
        DeltaStates.Failed => ExitCodes.Failed,
        DeltaStates.NotWorth => ExitCodes.Refused,
        _ => ExitCodes.Done,
    };

    private static void Write(TextWriter writer, DeltaView delta)
    {
        writer.WriteLine($"delta     {delta.From} -> {delta.To}  ({delta.Id})");
        writer.WriteLine($"state     {StateOf(delta)}");
        writer.WriteLine($"image     {SizeOf(delta.FullBytes)}");
        if (delta.Bytes is { } bytes)
            writer.WriteLine($"size      {SizeOf(bytes)}, {delta.Frames} frames");
        if (delta.Artifact is { } artifact)
            writer.WriteLine($"artefact  {artifact}");
        if (delta.Error is not null)
            writer.WriteLine($"error     {delta.Error} [{delta.ErrorCode}]");
    }

    private static string StateOf(DeltaView delta) => delta.State == DeltaStates.Building
        ? string.Create(CultureInfo.InvariantCulture, $"{delta.State} {Math.Floor(delta.Progress * 100)}%")
        : delta.State;

    private static string SizeOf(long? bytes) => bytes is { } known ? new ByteCount(known).ToString() : "-";
}
