using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Lab.Demo;

/// <summary>Bytes on the wire.</summary>
/// <param name="Received">Received by the device.</param>
/// <param name="Sent">Sent by the device.</param>
public sealed record WireBytes(long Received, long Sent);

/// <summary>What the demo says at its end, and writes with --report.</summary>
public sealed record DemoReport
{
    public required string Outcome { get; init; }

    public required string From { get; init; }

    public required string To { get; init; }

    public required string? Source { get; init; }

    /// <summary>Bytes of the whole image as it travels, which a delta is to save.</summary>
    public required long ImageBytes { get; init; }

    /// <summary>Bytes on the wire by cause.</summary>
    public required IReadOnlyDictionary<string, WireBytes> Bytes { get; init; }

    public required IReadOnlyList<StepReport> Steps { get; init; }

    /// <summary>Longest gap of the application's heartbeat before the reboot, or so far where there was none; null: it left no heartbeat.</summary>
    public required double? HeartbeatMaxGapSeconds { get; init; }

    public required string SlotBefore { get; init; }

    public required string SlotAfter { get; init; }

    public required string KernelBefore { get; init; }

    public required string KernelAfter { get; init; }

    /// <summary>Kernel of the new release.</summary>
    public required string KernelOfRelease { get; init; }

    public required bool VolumeIntact { get; init; }

    public required bool SupervisorRuns { get; init; }

    public required string? Message { get; init; }

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private string Kernel => KernelAfter != KernelOfRelease ? $"{KernelBefore} -> {KernelAfter}, NOT the new release's {KernelOfRelease}"
        : KernelBefore == KernelAfter ? $"{KernelAfter} (the archive has no newer one)"
        : $"{KernelBefore} -> {KernelAfter}";

    /// <summary>Writes it as JSON.</summary>
    public Task SaveAsync(string path, CancellationToken ct) => File.WriteAllTextAsync(path, JsonSerializer.Serialize(this, Json) + "\n", ct);

    /// <summary>For people.</summary>
    public override string ToString() => string.Join('\n', new[]
    {
        "",
        $"outcome      {Outcome}{(Message is null ? "" : $": {Message}")}",
        $"host OS      {From} -> {To}",
        $"kernel       {Kernel}",
        $"slot         {SlotBefore} -> {SlotAfter}",
        $"source       {Source ?? "none"}; the whole image has {new ByteCount(ImageBytes)}",
    }.Concat(Bytes.Select(b => string.Create(CultureInfo.InvariantCulture, $"bytes        {b.Key,-11} {new ByteCount(b.Value.Received),10} in, {new ByteCount(b.Value.Sent),9} out")))
        .Concat(Steps.Select(s => string.Create(CultureInfo.InvariantCulture, $"step         {s.Name,-17} {s.Seconds,6:0.0} s  {s.State}")))
        .Concat([
            string.Create(CultureInfo.InvariantCulture, $"application  longest heartbeat gap before the reboot {(HeartbeatMaxGapSeconds is { } gap ? $"{gap:0.00} s" : "not known")}, volume {(VolumeIntact ? "intact" : "DAMAGED")}"),
            $"supervisor   {(SupervisorRuns ? "runs" : "does NOT run")}",
        ]));
}
