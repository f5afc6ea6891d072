using System.Runtime.InteropServices;
using System.Text.Json;
using Hostup.Linux.Files;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Locks;

/// <summary>
/// Update locks of applications: an exclusive flock on <c>updates.lock</c> in a service's folder, as upstream's safe_reboot honours them. A shared
/// one delays nobody.
/// </summary>
/// <param name="root">Put before every path; empty on a device, a folder in tests.</param>
/// <param name="proc">The kernel's view of processes and locks, proc(5).</param>
/// <param name="time">The clock by which a lock gets older; null: the machine's.</param>
public sealed class ApplicationLocks(string root = "", string proc = "/proc", TimeProvider? time = null) : IUpdateLocks, IDisposable
{
    // upstream's present and older names
    private static readonly string[] Folders = ["/tmp/balena-supervisor", "/tmp/resin-supervisor"];
    private static readonly string[] Overrides = ["SUPERVISOR_OVERRIDE_LOCK", "RESIN_OVERRIDE_LOCK"];
    private static readonly EnumerationOptions Deep = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    private const int OpenFlags = 0x80000; // O_RDONLY | O_CLOEXEC
    private const int NoEntry = 2; // ENOENT
    private const int MostLooks = 5;

    private readonly List<int> _held = [];
    private readonly LockHolders _holders = new(proc);
    private readonly LockAges _ages = new($"{root}/run/hostup/held-locks", time ?? TimeProvider.System);

    /// <inheritdoc/>
    public bool AreOverridden => Folders.Select(f => $"{root}{f}/target-state-config").Where(File.Exists).Any(SaysOverride);

    /// <inheritdoc/>
    public IReadOnlyList<HeldLock> Take(bool passOver)
    {
        Release();
        var held = Paths().Where(p => !TryTake(p)).Select(p => (Path: p, Holder: _holders.Of(p))).ToList();
        if (held is not [] && !passOver)
            Release();
        var ages = _ages.See([.. held.Select(h => (h.Path, h.Holder.Pid))]);
        return [.. held.Zip(ages, (h, age) => new HeldLock(ServiceOf(h.Path), h.Path, h.Holder.Text) { Age = age })];
    }

    /// <inheritdoc/>
    public void Release()
    {
        foreach (int fd in _held)
            _ = FileCalls.Close(fd);
        _held.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => Release();

    private List<string> Paths()
    {
        for (int look = 1; ; look++)
        {
            try
            {
                return [.. Folders.Select(f => $"{root}{f}/services").Where(Directory.Exists)
                    .SelectMany(f => Directory.EnumerateFiles(f, "*updates.lock", Deep)).Order(StringComparer.Ordinal)];
            }
            catch (DirectoryNotFoundException) when (look < MostLooks)
            {
                // A service was removed meanwhile; the locks of the others still count.
            }
        }
    }

    private bool TryTake(string path)
    {
        int fd = FileCalls.Open(path, OpenFlags, 0);
        if (fd < 0)
            return Marshal.GetLastPInvokeError() == NoEntry; // removed meanwhile; one that cannot be looked at may be held
        // Who holds a shared one is passed over; ours then keeps an exclusive one from being taken.
        if (FileCalls.Flock(fd, FileCalls.LockExclusive | FileCalls.LockNonBlocking) == 0 || FileCalls.Flock(fd, FileCalls.LockShared | FileCalls.LockNonBlocking) == 0)
        {
            _held.Add(fd);
            return true;
        }
        _ = FileCalls.Close(fd);
        return false;
    }

    // .../services/APPLICATION/SERVICE/updates.lock
    private static string ServiceOf(string path) => Path.GetFileName(Path.GetDirectoryName(path)!);

    private static bool SaysOverride(string path)
    {
        try
        {
            using var settings = JsonDocument.Parse(File.ReadAllBytes(path));
            return settings.RootElement.ValueKind == JsonValueKind.Object && Overrides.Any(name => settings.RootElement.TryGetProperty(name, out var value)
                && (value.ValueKind == JsonValueKind.True || (value.ValueKind == JsonValueKind.String && value.GetString() is "true" or "1")));
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return false; // half written: a lock that is not surely overridden is honoured
        }
    }
}
