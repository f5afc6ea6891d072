using System.Globalization;
using Hostup.Cli.Policies;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Cli.Updates;

/// <summary>Attempts in words.</summary>
internal static class UpdateText
{
    // behind the names in the text of an attempt
    private const int TextColumn = 10;

    // the rest is in `hostup update log`
    private const int ShownLogLines = 10;

    public static void Write(TextWriter writer, AttemptView attempt)
    {
        var report = attempt.Report;
        writer.WriteLine($"attempt   {attempt.Id} of device {attempt.DeviceUuid[..7]}");
        writer.WriteLine($"versions  {(attempt.FromVersion.Length == 0 ? "unknown" : attempt.FromVersion)} -> {VersionOf(attempt)}");
        writer.WriteLine($"state     {StateOf(attempt)}");
        if (attempt.NotBefore is { } notBefore)
            writer.WriteLine($"begins    not before {notBefore:yyyy-MM-dd HH:mm:ss}Z");
        if (SilenceOf(attempt, TimeProvider.System.GetUtcNow()) is { Length: > 0 } silence)
            writer.WriteLine($"silence   {silence}");
        if (report.ErrorCode is not null)
            writer.WriteLine($"code      {report.ErrorCode}");
        if (report.Message is not null)
            writer.WriteLine($"message   {report.Message}");
        foreach (string line in report.KernelMessages?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [])
            writer.WriteLine($"kernel    {line}");
        if (report.Lock is { } held)
            writer.WriteLine($"lock      {held.Path}, {(held.Holder.Length > 0 ? held.Holder : "holder unknown")}, since {held.Since:yyyy-MM-dd HH:mm:ss}Z");
        if (report.LocksOverridden is not [])
            writer.WriteLine($"overrode  {string.Join(", ", report.LocksOverridden)}");
        if (report.SlotBefore is not null)
            writer.WriteLine($"slots     {report.SlotBefore} -> {report.SlotAfter ?? "?"}");
        if (ImageFrom(report) is { } origin)
            writer.WriteLine($"image     {origin}");
        foreach (var step in report.Steps)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step      {step.Name,-18} {step.State,-8} {step.Seconds,8:0.0} s"));
        foreach (string said in PolicyText.Lines(attempt.Policy))
            writer.WriteLine($"policy    {said}");
        foreach (var expected in attempt.Estimate ?? [])
            writer.WriteLine($"expected  {expected.Cause,-18} in {(expected.Received is { } most ? $"at most {new ByteCount(most)}" : "an unknown number of bytes")}");
        foreach (string bytes in Bytes(report))
            writer.WriteLine($"bytes     {bytes}");
        if (attempt.Findings is { } findings)
            WriteFindings(writer, findings);
    }

    private static void WriteFindings(TextWriter writer, AttemptFindings findings)
    {
        Terminal.Field(writer, "sentence", findings.Sentence, TextColumn);
        if (findings.WhyNot is not null && findings.Step is { } step)
            writer.WriteLine($"at step   {step}");
        if (findings.Cause.Length > 0)
            Terminal.Field(writer, "cause", findings.Cause, TextColumn);
        Terminal.Field(writer, "to do", findings.WhatToDo, TextColumn);
        if (findings.Device is { } device)
            Terminal.Field(writer, "device", $"{device.Name}, {device.DeviceType}, runs {device.State?.OsVersion ?? "?"}, kernel {device.State?.Kernel ?? "?"}, last seen {(device.LastSeenAt is { } at ? $"{at:yyyy-MM-dd HH:mm}Z" : "never")}", TextColumn);
        if (findings.Release?.InvalidatedReason is { } invalid)
            Terminal.Field(writer, "release", $"invalidated: {invalid}", TextColumn);
        foreach (string line in findings.LogTail.TakeLast(ShownLogLines))
            writer.WriteLine($"log       {line}");
    }

    /// <summary>Where the image came from; null before that is known.</summary>
    public static string? ImageFrom(AttemptReport report) => report.Source switch { null => null, "slot" => "was on the slot already", var source => $"from {source}" };

    /// <summary>The account, a line for each cause.</summary>
    public static IEnumerable<string> Bytes(AttemptReport report) =>
        report.Bytes.Select(b => $"{b.Cause,-18} in {new ByteCount(b.Received)}, out {new ByteCount(b.Sent)}");

    /// <summary>Where an attempt goes: to a version, or back to the OS in the spare slot.</summary>
    public static string VersionOf(AttemptView attempt) => !attempt.Revert ? attempt.Version : attempt.Version.Length == 0 ? "back to the OS in the spare slot" : $"back to {attempt.Version}";

    /// <summary>One line for a change worth telling.</summary>
    public static string Line(AttemptView attempt)
    {
        var report = attempt.Report;
        string left = report.StepTimeLeft is { } time ? $", {new ByteCount(report.StepBytesPerSecond)}/s, {(time.TotalMinutes < 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s") : Age.Text(time))} left" : "";
        string bytes = report.StepBytesTotal > 0 ? $"  {new ByteCount(report.StepBytesDone)} of {new ByteCount(report.StepBytesTotal)}{left}" : "";
        string step = report.Steps is [.., { State: "started" } current] ? $"  {current.Name}" : "";
        string message = report.Message is null ? "" : $"  {report.Message}";
        return StateOf(attempt) + step + bytes + message;
    }

    /// <summary>What is the matter with an attempt of which nothing is heard; empty: it is heard of.</summary>
    public static string SilenceOf(AttemptView attempt, DateTimeOffset now) => attempt.Silence switch
    {
        null => "",
        { DeviceHeardOf: true } s => $"stuck: the device polls, but says nothing of the attempt since {Age.Text(now - s.Since)}",
        var s => $"nothing is heard of the device since {Age.Text(now - s.Since)}",
    };

    private static string StateOf(AttemptView attempt) => attempt.Report.State + (attempt is { CancelAsked: true, EndedAt: null } ? " (cancel asked)" : attempt is { OverrideLocks: true, EndedAt: null } ? " (locks overridden)" : "");
}
