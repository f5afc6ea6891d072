using System.Diagnostics;

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
    public async Task KillAsync(CancellationToken ct)
    {
        if (!IsRunning)
            return;
        using (var process = Process.GetProcessById(Pid))
            process.Kill();
        long start = TimeProvider.System.GetTimestamp();
        while (IsRunning && TimeProvider.System.GetElapsedTime(start) < EndPatience)
            await Task.Delay(TimeSpan.FromMilliseconds(20), ct);
    }
}
