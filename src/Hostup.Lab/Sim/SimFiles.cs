using System.Security.Cryptography;
using Hostup.Updates.Files;

namespace Hostup.Lab.Sim;

/// <summary>The files of a simulated device: its partitions, its running root and its mounted spare, by absolute path.</summary>
public sealed class SimFiles(SimDevice device) : IFiles
{
    /// <summary>Where the spare is mounted for reading.</summary>
    public const string SpareMount = "/run/hostup/spare";

    private readonly HashSet<string> _directories = [];
    private int _bootWriters;
    private bool _closedByKernel;

    /// <summary>A path whose next write fails as a bad medium does; null: none.</summary>
    public string? BrokenPath { get; set; }

    /// <summary>What lies here or below can neither be read nor looked for, as on a failing medium; null: all can.</summary>
    public string? UnreadablePath { get; set; }

    /// <summary>Mount point of a partition that is not mounted yet; null: all are.</summary>
    public string? Unmounted { get; set; }

    /// <summary>What an effect of this number on the boot partition fails with; null: it does not.</summary>
    public Func<int, string?>? Fault { get; set; }

    /// <summary>What a flush that fails leaves on the medium, for good: memory goes on with all that was written; null: the next flush brings all.</summary>
    public Unflushed? Loses { get; set; }

    /// <summary>A state partition that takes no write; null: it does.</summary>
    public SimStateFault? StateFault { get; set; }

    /// <summary>Free bytes by mount point where they are fewer than the partition has.</summary>
    public Dictionary<string, long> Free { get; } = [];

    /// <summary>Entries that the root directory of the boot partition holds; null: any number.</summary>
    public int? BootRootEntries { get; set; }

    /// <summary>Entries that are taken there.</summary>
    public int BootRootEntriesTaken => SimRootDirectory.EntriesOf([.. device.Boot.Paths, .. _directories]);

    /// <summary>Files that lie on none of the partitions, or hide one of the root; by absolute path.</summary>
    public Dictionary<string, byte[]> Elsewhere { get; } = [];

    /// <summary>Mount points that were opened for writing, in order.</summary>
    public List<string> OpenedForWriting { get; } = [];

    /// <summary>A path whose content is stored with one wrong bit and no error; null: none.</summary>
    public string? CorruptPath { get; set; }

    public bool Exists(string path) => ReadOrNull(path) is not null || _directories.Contains(path) || ListFiles(path) is not [];

    public byte[] Read(string path)
    {
        if (Writable(path)?.IsBroken(path) == true)
        {
            _closedByKernel |= Writable(path) == device.Boot;
            throw new IOException($"input/output error: {path}");
        }
        return (byte[])(ReadOrNull(path) ?? throw new FileNotFoundException($"no such file: {path}")).Clone();
    }

    public byte[] Hash(string path, HashAlgorithmName algorithm) => CryptographicOperations.HashData(algorithm, Read(path));

    public void Copy(string from, string to) => Create(to, Read(from));

    public long? Length(string path) => ReadOrNull(path)?.LongLength;

    public IReadOnlyList<string> ListFiles(string directory)
    {
        MustBeReadable(directory);
        string prefix = directory.TrimEnd('/') + "/";
        if (IsUnmounted(directory))
            return [];
        var elsewhere = Elsewhere.Keys.Where(p => p.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        if (elsewhere is not [])
            return [.. elsewhere.Select(p => p[prefix.Length..]).Order(StringComparer.Ordinal)];
        var all = Writable(directory) is { } fs ? fs.Paths : Root(directory, out _)?.Keys.Select(k => MountOf(directory) + "/" + k) ?? [];
        return [.. all.Where(p => p.StartsWith(prefix, StringComparison.Ordinal)).Select(p => p[prefix.Length..]).Order(StringComparer.Ordinal)];
    }

    public long FreeBytes(string path) => Writable(path) is { } fs ? Math.Min(fs.FreeBytes, Free.GetValueOrDefault(path, long.MaxValue)) : Free.GetValueOrDefault(path, 1 << 30);

    public IDisposable OpenForWriting(string mountPoint)
    {
        device.MustNotInterfere("boot files are written");
        _bootWriters++;
        _closedByKernel = false;
        OpenedForWriting.Add(mountPoint);
        return new Closing(() => _bootWriters--);
    }

    public void Create(string path, ReadOnlySpan<byte> content)
    {
        byte[] stored = content.ToArray();
        if (path == CorruptPath)
            stored[^1] ^= 1;
        Change(path, "create").Create(path, stored);
    }

    public void Overwrite(string path, long offset, ReadOnlySpan<byte> bytes)
    {
        if (offset + bytes.Length > Length(path))
            throw new InvalidOperationException($"bug: {path} would grow by an overwrite");
        Change(path, "overwrite").Overwrite(path, offset, bytes.ToArray());
    }

    // Known are those that were asked for; others are there while a file is below them.
    public void CreateDirectory(string path)
    {
        if (Exists(path))
            return;
        Change(path, "make directory");
        _directories.Add(path);
    }

    public void Rename(string from, string to)
    {
        if (Length(from) is null)
            throw new FileNotFoundException($"no such file: {from}");
        Change(to, "rename").Rename(from, to);
    }

    public bool Exchange(string first, string second)
    {
        if (!device.CanExchange)
            return false;
        Change(first, "exchange").Exchange(first, second);
        return true;
    }

    public void Delete(string path)
    {
        if (IsInMemory(path))
            Elsewhere.Remove(path);
        else if (Length(path) is not null)
            Change(path, "delete").Delete(path);
    }

    public void DeleteTogether(IReadOnlyList<string> paths)
    {
        foreach (var ofOne in paths.Where(p => Length(p) is not null).GroupBy(p => Writable(p)!))
        {
            foreach (string path in ofOne)
                Change(path, "delete");
            var shown = ofOne.Key.RemoveNames([.. ofOne]);
            FlushFileSystem(ofOne.First());
            _closedByKernel |= ofOne.Key.GiveBack(shown) && ofOne.Key == device.Boot;
        }
    }

    public void DeleteDirectory(string path)
    {
        if (!_directories.Contains(path) || ListFiles(path) is not [])
            return;
        Change(path, "remove directory");
        _directories.Remove(path);
    }

    public void Flush(string path) => Change(path, "flush").Flush(path);

    public void FlushDirectory(string path) => Change(path, "flush directory").FlushDirectory(path);

    public void FlushFileSystem(string path) => Change(path, "flush file system").FlushAll();

    /// <summary>What a process had opened is closed by the kernel.</summary>
    public void EndProcess() => _bootWriters = 0;

    /// <summary>A new boot: everything is mounted afresh.</summary>
    public void Remount()
    {
        _bootWriters = 0;
        _closedByKernel = false;
        foreach (string path in Elsewhere.Keys.Where(IsInMemory).ToList())
            Elsewhere.Remove(path);
    }

    private static bool IsInMemory(string path) => path.StartsWith("/tmp/", StringComparison.Ordinal);

    private SimFileSystem Change(string path, string act)
    {
        var fs = Writable(path) ?? throw new InvalidOperationException($"bug: {act} {path}, which is on a read-only root");
        if (fs == device.Boot && _bootWriters == 0)
            throw new InvalidOperationException($"bug: {act} {path} while the boot partition is mounted read-only");
        if (fs == device.Boot && _closedByKernel)
            throw new IOException($"read-only file system: {path}");
        if (fs == device.Boot && act is "create" or "make directory" or "rename" && SimRootDirectory.EntriesOf([.. device.Boot.Paths, .. _directories, path]) > BootRootEntries)
            throw new NoRoomException($"no space left on device: {path}");
        if (IsUnmounted(path))
            throw new IOException($"no such directory: {path}");
        device.Power.Effect($"{act} {path}");
        if (fs == device.Boot && Fault?.Invoke(device.Power.Effects) is { } fault)
        {
            if (Loses is { } left && act.StartsWith("flush", StringComparison.Ordinal))
                fs.LoseName(left);
            throw new IOException($"{fault}: {path}");
        }
        if (fs == device.State && StateFault?.Of(device, act) is { } why)
            throw new IOException($"{why}: {path}");
        if (BrokenPath is { } broken && path.StartsWith(broken, StringComparison.Ordinal) && act is "create" or "overwrite")
            throw new IOException($"input/output error: {path}");
        return fs;
    }

    private bool IsUnmounted(string path) => Unmounted is { } mount && path.StartsWith(mount, StringComparison.Ordinal);

    private void MustBeReadable(string path)
    {
        if (UnreadablePath is { } unreadable && path.StartsWith(unreadable, StringComparison.Ordinal))
            throw new IOException($"input/output error: {path}");
    }

    private byte[]? ReadOrNull(string path)
    {
        MustBeReadable(path);
        return Found(path);
    }

    private byte[]? Found(string path) => Elsewhere.TryGetValue(path, out byte[]? elsewhere) ? elsewhere
        : IsUnmounted(path) ? null
        : Writable(path) is { } fs ? fs.Read(path)
        : Root(path, out string inRoot)?.GetValueOrDefault(inRoot);

    private SimFileSystem? Writable(string path) =>
        path.StartsWith(Places.Boot, StringComparison.Ordinal) ? device.Boot
        : path.StartsWith(Places.State, StringComparison.Ordinal) ? device.State
        : path.StartsWith(Places.Data, StringComparison.Ordinal) ? device.Data
        : null;

    private SortedDictionary<string, byte[]>? Root(string path, out string inRoot)
    {
        inRoot = path[MountOf(path).Length..].TrimStart('/');
        return MountOf(path) == SpareMount ? device.SpareSlot.Files : device.RunningSlot.Files;
    }

    private static string MountOf(string path) => path.StartsWith(SpareMount, StringComparison.Ordinal) ? SpareMount : "";

    private sealed class Closing(Action close) : IDisposable
    {
        public void Dispose() => close();
    }
}
