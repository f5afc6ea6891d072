using System.Globalization;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Cli.Updates;

/// <summary>Attempts in words.</summary>
internal static class UpdateText
{
    public static void Write(TextWriter writer, AttemptView attempt)
    {
        var report = attempt.Report;
        writer.WriteLine($"attempt   {attempt.Id} of device {attempt.DeviceUuid[..7]}");
        writer.WriteLine($"versions  {(attempt.FromVersion.Length == 0 ? "unknown" : attempt.FromVersion)} -> {attempt.Version}");
        writer.WriteLine($"state     {StateOf(attempt)}");
        if (report.ErrorCode is not null)
            writer.WriteLine($"code      {report.ErrorCode}");
        if (report.Message is not null)
            writer.WriteLine($"message   {report.Message}");
        if (report.SlotBefore is not null)
            writer.WriteLine($"slots     {report.SlotBefore} -> {report.SlotAfter ?? "?"}");
        foreach (var step in report.Steps)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step      {step.Name,-18} {step.State,-8} {step.Seconds,8:0.0} s"));
        foreach (var bytes in report.Bytes)
            writer.WriteLine($"bytes     {bytes.Cause,-18} in {new ByteCount(bytes.Received)}, out {new ByteCount(bytes.Sent)}");
    }

    /// <summary>One line for a change worth telling.</summary>
    public static string Line(AttemptView attempt)
    {
        var report = attempt.Report;
        string bytes = report.StepBytesTotal > 0 ? $"  {new ByteCount(report.StepBytesDone)} of {new ByteCount(report.StepBytesTotal)}" : "";
        string step = report.Steps is [.., { State: "started" } current] ? $"  {current.Name}" : "";
        string message = report.Message is null ? "" : $"  {report.Message}";
        return StateOf(attempt) + step + bytes + message;
    }

    private static string StateOf(AttemptView attempt) => attempt.Report.State + (attempt is { CancelAsked: true, EndedAt: null } ? " (cancel asked)" : "");
}
