using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Hostup.Server.Deltas;

/// <summary>
/// The process that builds one delta: the server's own program. A process of its own, because only so what it takes is bounded (the heap by the runtime), ends when it is to end
/// (a build looks for that only between files), gives way to everything else on the machine on every thread, and harms no request when it falls.
/// </summary>
internal sealed class DeltaProcess : IAsyncDisposable
{
    /// <summary>Most bytes of the heap; what Brotli and the runtime take beside it stays below 250 MB, so 1.5 GB hold all of it.</summary>
    private const string HeapLimit = "50000000"; // hexadecimal: 1.25 GiB

    /// <summary>What is kept of what it says of itself when it falls: the message, and where.</summary>
    private const int TroubleChars = 4000;

    private readonly Process _process;
    private double _progress;

    private DeltaProcess(Process process)
    {
        _process = process;
        Ended = FollowAsync();
    }

    /// <summary>Completes when it has ended and all that it said was read.</summary>
    public Task<DeltaProcessEnd> Ended { get; }

    /// <summary>Part that is done, 0 to 1.</summary>
    public double Progress => Volatile.Read(ref _progress);

    /// <param name="arguments">As <see cref="DeltaBuild"/> takes them.</param>
    public static DeltaProcess Start(params IReadOnlyList<string> arguments)
    {
        var start = Program();
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["DOTNET_gcServer"] = "0"; // the server's own heap is one for each processor
        return new DeltaProcess(Process.Start(start) ?? throw new InvalidOperationException("bug: no process was started"));
    }

    /// <summary>Ends it at once when it still runs; nothing of it is left when this returns.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await Ended;
        _process.Dispose();
    }

    /// <summary>The program that this code is part of: its own launcher, or the runtime's with its assembly when something else started the server in its process.</summary>
    private static ProcessStartInfo Program()
    {
        string assembly = typeof(ServerHost).Assembly.Location;
        string self = Environment.ProcessPath ?? "";
        if (assembly.Length == 0 || Path.GetFileNameWithoutExtension(self) == Path.GetFileNameWithoutExtension(assembly))
            return new ProcessStartInfo(self);
        string launcher = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        return new ProcessStartInfo(launcher, [assembly]);
    }

    private async Task<DeltaProcessEnd> FollowAsync()
    {
        var trouble = ReadTroubleAsync();
        DeltaWord? last = null;
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (DeltaWord.Parse(line) is not { } word)
                continue;
            if (word.Progress is { } progress)
                Volatile.Write(ref _progress, progress);
            else
                last = word;
        }
        string said = await trouble;
        await _process.WaitForExitAsync();
        return new DeltaProcessEnd(last, _process.ExitCode, said);
    }

    /// <summary>Reads all of it, so that it never waits for us, and keeps the beginning.</summary>
    private async Task<string> ReadTroubleAsync()
    {
        var kept = new StringBuilder();
        char[] buffer = new char[TroubleChars];
        while (await _process.StandardError.ReadAsync(buffer) is > 0 and var read)
            kept.Append(buffer, 0, Math.Min(read, TroubleChars - kept.Length));
        return kept.ToString().Trim();
    }
}

/// <summary>How a process ended.</summary>
/// <param name="Said">Its last word; null: it fell, or was made to end.</param>
/// <param name="ExitCode">As the system has it; 128 and more: a signal.</param>
/// <param name="Trouble">The beginning of what it wrote to its error output.</param>
internal sealed record DeltaProcessEnd(DeltaWord? Said, int ExitCode, string Trouble);
