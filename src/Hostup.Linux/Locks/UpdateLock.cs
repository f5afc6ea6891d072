using System.Diagnostics;
using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Linux.Files;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Linux.Locks;

/// <summary>Only one update process at a time. The lock is bound to the process, and says who that is: it is gone when the process is.</summary>
public sealed class UpdateLock : IDisposable
{
    // O_RDWR | O_CREAT | O_CLOEXEC
    private const int OpenFlags = 2 | 0x40 | 0x80000;
    // O_RDONLY | O_CLOEXEC
    private const int ReadFlags = 0x80000;
    private const string FilePath = "/run/hostup/update.lock";
    // The last words of who carries out no update and is done in seconds.
    private const string ForAMoment = " for a moment";
    // systemd lets a unit take a minute and a half to stop; who takes longer than this is named.
    private static readonly TimeSpan LongestMoment = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);
    private readonly SafeFileHandle _file;

    private UpdateLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes it. Who holds it for a moment only is waited for.</summary>
    /// <exception cref="HostupException"><c>update-running</c>, saying who holds it.</exception>
    public static Task<UpdateLock> TakeAsync(CancellationToken ct) => TakeAsync(FilePath, ct);

    /// <summary>The same at another place.</summary>
    public static async Task<UpdateLock> TakeAsync(string path, CancellationToken ct)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return Take(path);
            }
            catch (HostupException e) when (e.Code == HostupErrors.UpdateRunning && IsForAMoment(LineOf(path)) && Stopwatch.GetElapsedTime(began) < LongestMoment)
            {
                await Task.Delay(LookAgain, ct).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes it, or says at once who has it.</summary>
    /// <param name="path">The lock.</param>
    /// <param name="forAMoment">No update is carried out: it is free again in seconds.</param>
    /// <exception cref="HostupException"><c>update-running</c>, saying who holds it.</exception>
    public static UpdateLock Take(string path = FilePath, bool forAMoment = false)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // Not by FileStream, which takes a lock of its own.
        int fd = FileCalls.Open(path, OpenFlags, 0x1A4 /* 0644 */);
        if (fd < 0)
            throw FileCalls.LastError($"cannot open {path}");
        var file = new SafeFileHandle(fd, ownsHandle: true);
        if (FileCalls.Flock(fd, FileCalls.LockExclusive | FileCalls.LockNonBlocking) != 0)
        {
            string holder = Line(file);
            file.Dispose();
            throw new HostupException(HostupErrors.UpdateRunning, "cannot start the update", $"another update is running ({holder})", "wait for its end: `hostup-device status`");
        }
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"process {OwnPid} {Environment.ProcessPath ?? "of unknown program"} since {DateTimeOffset.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}{(forAMoment ? ForAMoment : "")}\n")), 0);
        return new UpdateLock(file);
    }

    /// <summary>Who carries out an update, other than this process; null: nobody. Only looks: asking for the lock could refuse an update that starts right now.</summary>
    /// <param name="path">The lock.</param>
    /// <param name="locks">The kernel's list of locks, proc(5).</param>
    public static string? Holder(string path = FilePath, string locks = "/proc/locks")
    {
        string? line = LineOf(path);
        return line?.Split(' ') is ["process", var pid, ..] && pid != OwnPid && !IsForAMoment(line) && IsLockedBy(pid, locks) ? line : null;
    }

    private static bool IsForAMoment(string? line) => line?.EndsWith(ForAMoment, StringComparison.Ordinal) == true;

    // Null: never taken since power-on.
    private static string? LineOf(string path)
    {
        int fd = FileCalls.Open(path, ReadFlags, 0);
        if (fd < 0)
            return null;
        using var file = new SafeFileHandle(fd, ownsHandle: true);
        return Line(file);
    }

    // "1: FLOCK  ADVISORY  WRITE 1234 00:19:573 0 EOF"; a process that ended has none.
    private static bool IsLockedBy(string pid, string locks) => File.ReadLines(locks)
        .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Any(f => f is [_, "FLOCK", _, "WRITE", var holder, ..] && holder == pid);

    private static string OwnPid => Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    private static string Line(SafeFileHandle file)
    {
        byte[] line = new byte[500];
        string holder = Encoding.UTF8.GetString(line, 0, RandomAccess.Read(file, line, 0)).Trim();
        return holder.Length > 0 ? holder : "its process has just started";
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
