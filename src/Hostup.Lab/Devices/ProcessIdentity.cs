using System.Diagnostics;
using Hostup.Core.Errors;

namespace Hostup.Lab.Devices;

/// <summary>A process that cannot be mistaken for a later one with the same number.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="StartTicks">Start time in clock ticks since boot: field 22 of /proc/PID/stat, proc(5).</param>
public sealed record ProcessIdentity(int Pid, long StartTicks)
{
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(20);

    /// <summary>The process that has this id now; null when there is none.</summary>
    public static ProcessIdentity? Of(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            // the program name in field 2 may hold anything, even spaces and brackets
            string[] rest = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return rest[0] == "Z" ? null : new ProcessIdentity(pid, long.Parse(rest[19], null));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether it still runs.</summary>
    public bool IsRunning => Of(Pid) == this;

    /// <summary>Ends it at once (SIGKILL) and waits until it is gone.</summary>
    /// <exception cref="HostupException"><c>lab</c>: it does not end.</exception>
    public async Task KillAsync(CancellationToken ct)
    {
        if (!IsRunning)
            return;
        try
        {
            using var process = Process.GetProcessById(Pid);
            process.Kill();
        }
        catch (ArgumentException)
        {
            return; // it has just ended by itself
        }
        long start = TimeProvider.System.GetTimestamp();
        while (IsRunning && TimeProvider.System.GetElapsedTime(start) < EndPatience)
            await Task.Delay(TimeSpan.FromMilliseconds(20), ct);
        if (IsRunning)
            throw new HostupException(HostupErrors.Lab, $"cannot end process {Pid}", $"it still runs {EndPatience.TotalSeconds:0} s after SIGKILL", "see what it waits for in /proc/PID/stack, then try again");
    }
}
