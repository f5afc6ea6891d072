using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core;
using Hostup.Delta.Format;

namespace Hostup.Cli.Deltas;

/// <summary>What a delta says of itself.</summary>
internal sealed record DeltaReport
{
    public required int Version { get; init; }
    public required string From { get; init; }
    public required string To { get; init; }
    public required int Entries { get; init; }
    public required long ContentBytes { get; init; }
    public required long DeltaBytes { get; init; }
    public required long ListingBytes { get; init; }
    public required int Frames { get; init; }
    public required long LargestFrameBytes { get; init; }

    public static DeltaReport Of(DeltaHeader header) => new()
    {
        Version = DeltaHeader.Version,
        From = header.From.ToString(),
        To = header.To.ToString(),
        Entries = header.Entries,
        ContentBytes = header.ContentBytes,
        DeltaBytes = header.TotalBytes,
        ListingBytes = header.Frames[0].StoredBytes,
        Frames = header.Frames.Count,
        LargestFrameBytes = header.Frames.Max(f => f.StoredBytes),
    };

    public static void Print(Terminal terminal, DeltaHeader header, bool json)
    {
        var report = Of(header);
        if (json)
        {
            terminal.Output.WriteLine(JsonSerializer.Serialize(report, DeltaJson.Default.DeltaReport));
            return;
        }
        terminal.Output.WriteLine($"from     {report.From}");
        terminal.Output.WriteLine($"to       {report.To}");
        terminal.Output.WriteLine($"tree     {report.Entries} entries, {new ByteCount(report.ContentBytes)}");
        terminal.Output.WriteLine($"delta    {new ByteCount(report.DeltaBytes)} ({report.DeltaBytes} bytes), listing {new ByteCount(report.ListingBytes)}");
        terminal.Output.WriteLine($"frames   {report.Frames}, the largest {new ByteCount(report.LargestFrameBytes)}");
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DeltaReport))]
internal sealed partial class DeltaJson : JsonSerializerContext;
