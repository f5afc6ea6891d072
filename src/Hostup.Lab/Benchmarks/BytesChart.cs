using System.CommandLine;
using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Errors;

namespace Hostup.Lab.Benchmarks;

/// <summary><c>hostup-lab bench bytes-chart</c>: the account of the demo's update as a chart, from what <c>./demo --report</c> wrote.</summary>
public static class BytesChart
{
    public static Command Create()
    {
        var report = new Argument<string>("REPORT") { Description = "File that ./demo --report wrote" };
        var chart = new Option<string>("--chart") { Description = "SVG file", Required = true };
        var command = new Command("bytes-chart", "Draw the bytes by cause of a demo") { report, chart };
        command.SetAction((parsed, ct) => File.WriteAllTextAsync(parsed.GetValue(chart)!, Draw(File.ReadAllBytes(parsed.GetValue(report)!)), ct));
        return command;
    }

    /// <summary>The chart.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>: it is no report of the demo.</exception>
    public static string Draw(ReadOnlyMemory<byte> report)
    {
        try
        {
            using var json = JsonDocument.Parse(report);
            var causes = json.RootElement.GetProperty("bytes").EnumerateObject()
                .Select(c => (c.Name, Received: c.Value.GetProperty("received").GetInt64(), Sent: c.Value.GetProperty("sent").GetInt64())).ToList();
            string title = $"Bytes of one update by cause, {json.RootElement.GetProperty("from").GetString()} to {json.RootElement.GetProperty("to").GetString()}";
            return SvgChart.Bars(title, [.. causes.Select(c => (c.Name, (double)Math.Max(0, c.Received + c.Sent), $"{new ByteCount(c.Received)} in, {new ByteCount(c.Sent)} out"))]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new HostupException(HostupErrors.BadValue, "cannot draw the bytes", $"this is no report of the demo: {e.Message}", "give the file that `./demo --report` wrote", e);
        }
    }
}
