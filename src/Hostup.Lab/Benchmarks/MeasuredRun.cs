using System.Diagnostics;
using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Benchmarks;

/// <summary>What a program took.</summary>
/// <param name="Wall">From start to end.</param>
/// <param name="Processor">User and system time.</param>
/// <param name="PeakBytes">Largest resident size, as the kernel keeps it.</param>
public sealed record MeasuredRun(TimeSpan Wall, TimeSpan Processor, long PeakBytes)
{
    /// <summary>The kernel keeps the peak itself: only what grows in the last moments of a program can be missed.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="tool">The program.</param>
    /// <param name="arguments">Arguments.</param>
    /// <param name="output">File that receives its standard output; null: dropped.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException"><c>lab</c>: it is missing or does not end with 0.</exception>
    public static Task<MeasuredRun> OfAsync(Tool tool, IReadOnlyList<string> arguments, string? output, CancellationToken ct) => OfAsync(tool, arguments, output, new Dictionary<string, string>(), ct);

    /// <summary>The same with more in its environment.</summary>
    public static async Task<MeasuredRun> OfAsync(Tool tool, IReadOnlyList<string> arguments, string? output, IReadOnlyDictionary<string, string> environment, CancellationToken ct)
    {
        var start = new ProcessStartInfo(tool.Path ?? throw Failed(tool, arguments, "it is not installed"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        long begin = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(ct);
        await using var file = output is null ? Stream.Null : File.Create(output);
        var copy = process.StandardOutput.BaseStream.CopyToAsync(file, ct);
        var exit = process.WaitForExitAsync(ct);
        long peak = 0;
        var processor = TimeSpan.Zero;
        while (await Task.WhenAny(exit, Task.Delay(Interval, ct)) != exit)
        {
            peak = Math.Max(peak, PeakOf(process.Id));
            processor = ProcessorOf(process) ?? processor;
        }
        await exit;
        await copy;
        if (process.ExitCode != 0)
            throw Failed(tool, arguments, $"exit status {process.ExitCode}: {(await error).Trim()}");
        return new MeasuredRun(Stopwatch.GetElapsedTime(begin), processor, peak);
    }

    /// <summary>One after the other, as a pipeline would take it.</summary>
    public static MeasuredRun operator +(MeasuredRun a, MeasuredRun b) => new(a.Wall + b.Wall, a.Processor + b.Processor, Math.Max(a.PeakBytes, b.PeakBytes));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Processor.TotalSeconds:0.0} s cpu, {Wall.TotalSeconds:0.0} s, {PeakBytes / 1048576.0:0} MiB");

    private static long PeakOf(int process)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0; // it has just ended
        }
    }

    private static TimeSpan? ProcessorOf(Process process)
    {
        try
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return null; // it has just ended
        }
    }

    private static HostupException Failed(Tool tool, IReadOnlyList<string> arguments, string why) =>
        new(HostupErrors.Lab, $"cannot measure {tool.Name} {string.Join(' ', arguments)}", why, "read the message of the program");
}
