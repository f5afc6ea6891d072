using System.Buffers;
using System.Security.Cryptography;
using Hostup.Oci.Layouts;
using Hostup.Updates.Files;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Linux.Files;

/// <summary>The files of the device this program runs on.</summary>
/// <param name="root">Put before every path; empty on a device, a folder in tests.</param>
public sealed class LinuxFiles(string root = "") : IFiles
{
    // few calls for a kernel of 20 MB, and small beside the process
    private const int BlockBytes = 128 * 1024;

    /// <inheritdoc/>
    public bool Exists(string path) => AttributesOf(path) is not null;

    /// <inheritdoc/>
    public byte[] Read(string path) => PortErrors.Of(() => File.ReadAllBytes(At(path)));

    /// <inheritdoc/>
    public byte[] Hash(string path, HashAlgorithmName algorithm)
    {
        using var hash = IncrementalHash.CreateHash(algorithm);
        foreach (var block in Blocks(path))
            hash.AppendData(block.Span);
        return hash.GetHashAndReset();
    }

    /// <inheritdoc/>
    public long? Length(string path) => IsFile(path) ? new FileInfo(At(path)).Length : null;

    /// <inheritdoc/>
    public IReadOnlyList<string> ListFiles(string directory) => IsDirectory(directory)
        ? PortErrors.Of(() => Directory.EnumerateFiles(At(directory), "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(At(directory), f)).Order(StringComparer.Ordinal).ToArray())
        : [];

    /// <inheritdoc/>
    public long FreeBytes(string path) => PortErrors.Of(() => new DriveInfo(At(path)).AvailableFreeSpace);

    /// <inheritdoc/>
    public IDisposable OpenForWriting(string mountPoint)
    {
        // Where it is no mount of its own, or in a test folder, it is writable already.
        if (root.Length > 0 || !MountTable.Read().Any(m => m.MountPoint == mountPoint && m.IsReadOnly))
            return new Opened(null);
        if (FileCalls.Mount("", mountPoint, null, FileCalls.MountRemount | FileCalls.MountNoAccessTimes, null) != 0)
            throw FileCalls.LastError($"cannot open {mountPoint} for writing");
        return new Opened(mountPoint);
    }

    /// <inheritdoc/>
    public void Create(string path, ReadOnlySpan<byte> content)
    {
        using var file = PortErrors.Open(At(path), FileMode.Create, FileAccess.Write);
        PortErrors.Write(file, content, 0);
    }

    /// <inheritdoc/>
    public void Copy(string from, string to)
    {
        using var file = PortErrors.Open(At(to), FileMode.Create, FileAccess.Write);
        long written = 0;
        foreach (var block in Blocks(from))
        {
            PortErrors.Write(file, block.Span, written);
            written += block.Length;
        }
    }

    /// <inheritdoc/>
    public void Overwrite(string path, long offset, ReadOnlySpan<byte> bytes)
    {
        using var file = PortErrors.Open(At(path), FileMode.Open, FileAccess.Write);
        if (offset + bytes.Length > RandomAccess.GetLength(file))
            throw new InvalidOperationException($"bug: {path} would grow by an overwrite");
        PortErrors.Write(file, bytes, offset);
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path) => PortErrors.Of(() => { Directory.CreateDirectory(At(path)); });

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        bool onFat = to.StartsWith(Places.Boot + "/", StringComparison.Ordinal);
        // FAT gives the clusters of the replaced file back in no order with the names. While it is open it gives none back.
        using var replaced = onFat && File.Exists(At(to)) ? PortErrors.Open(At(to)) : null;
        PortErrors.Of(() => File.Move(At(from), At(to), overwrite: true));
        // Where a file lies is written with the file and not with the directory.
        if (onFat)
            FlushFileSystem(to);
    }

    /// <inheritdoc/>
    public bool Exchange(string first, string second)
    {
        if (FileCalls.Renameat2(FileCalls.CurrentDirectory, At(first), FileCalls.CurrentDirectory, At(second), FileCalls.Exchange) == 0)
            return true;
        // EINVAL: this file system cannot (vfat before Linux 6.0); ENOSYS: this kernel cannot
        return Native.Errno.Last is Native.Errno.Invalid or Native.Errno.NoSuchCall ? false : throw FileCalls.LastError($"cannot exchange {first} and {second}");
    }

    /// <inheritdoc/>
    public void Delete(string path) => PortErrors.Of(() => File.Delete(At(path)));

    /// <inheritdoc/>
    public void DeleteTogether(IReadOnlyList<string> paths)
    {
        var open = new List<SafeFileHandle>();
        try
        {
            foreach (string path in paths.Where(IsFile))
            {
                open.Add(PortErrors.Open(At(path)));
                Delete(path);
            }
            if (open.Count > 0)
                FlushFileSystem(Path.GetDirectoryName(paths.First(p => Directory.Exists(At(Path.GetDirectoryName(p)!))))!);
        }
        finally
        {
            open.ForEach(f => f.Dispose());
        }
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path)
    {
        if (IsDirectory(path) && PortErrors.Of(() => !Directory.EnumerateFileSystemEntries(At(path)).Any()))
            PortErrors.Of(() => Directory.Delete(At(path), recursive: false));
    }

    /// <inheritdoc/>
    public void Flush(string path)
    {
        using var file = PortErrors.Open(At(path), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        FileFlush.ToDisk(file, path);
        // Who reads it back wants what the medium has, not what memory was given.
        _ = Native.FileCalls.Advise((int)file.DangerousGetHandle(), 0, 0, Native.FileCalls.FadviseDontNeed);
    }

    /// <inheritdoc/>
    public void FlushDirectory(string path) => OnDirectory(path, FileCalls.Fsync);

    /// <inheritdoc/>
    public void FlushFileSystem(string path) => OnDirectory(Directory.Exists(At(path)) ? path : Path.GetDirectoryName(path)!, SynchronizeAll);

    // On vfat syncfs alone leaves all of it in the medium's own cache, and before Linux 5.8 it tells no error of a write (syncfs(2)); fsync of a directory does both.
    private static int SynchronizeAll(int directory) => FileCalls.Syncfs(directory) == 0 ? FileCalls.Fsync(directory) : -1;

    private bool IsFile(string path) => AttributesOf(path) is { } attributes && !attributes.HasFlag(FileAttributes.Directory);

    private bool IsDirectory(string path) => AttributesOf(path) is { } attributes && attributes.HasFlag(FileAttributes.Directory);

    /// <summary>Null: ENOENT or ENOTDIR, so it is not there. Any other error says nothing about that; .NET's own questions answer no to all of them.</summary>
    /// <exception cref="IOException">It cannot be told.</exception>
    private FileAttributes? AttributesOf(string path)
    {
        try
        {
            return PortErrors.Of(() => File.GetAttributes(At(path)));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> Blocks(string path)
    {
        using var file = PortErrors.Open(At(path), FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            long offset = 0;
            while (RandomAccess.Read(file, block, offset) is > 0 and var read)
            {
                yield return block.AsMemory(0, read);
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private void OnDirectory(string path, Func<int, int> call)
    {
        int fd = FileCalls.Open(At(path), FileCalls.ReadOnlyDirectory, 0);
        if (fd < 0)
            throw FileCalls.LastError($"cannot open {path}");
        try
        {
            if (call(fd) != 0)
                throw FileCalls.LastError($"cannot flush {path}");
        }
        finally
        {
            _ = FileCalls.Close(fd);
        }
    }

    private string At(string path) => root + path;

    private sealed class Opened(string? mountPoint) : IDisposable
    {
        public void Dispose()
        {
            if (mountPoint is null)
                return;
            try
            {
                new LinuxFiles().FlushFileSystem(mountPoint);
            }
            catch (IOException)
            {
                // Who writes flushes what it relies on, and has said what is wrong; after an error the partition must be read-only all the more.
            }
            // Busy with a reader's write handle is no harm: it is flushed, and read-only again after the next boot.
            _ = FileCalls.Mount("", mountPoint, null, FileCalls.MountRemount | FileCalls.MountReadOnly | FileCalls.MountNoAccessTimes, null);
        }
    }
}
