using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Delta.Format;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Delta.Building;

/// <summary>A root tree whose contents were copied to one temporary file as they came by, each content once.</summary>
public sealed class SpooledTree : IDeltaTree, IDisposable
{
    private readonly SafeFileHandle _spool;
    private readonly Dictionary<Digest, Place> _places;
    private readonly IReadOnlyList<RootTreeEntry> _listing;

    private SpooledTree(RootTree tree, SafeFileHandle spool, Dictionary<Digest, Place> places)
    {
        (_spool, _places) = (spool, places);
        _listing = [.. tree.Entries];
        Entries = [.. _listing.Select(e => e.Entry.Kind == TreeEntryKind.SymbolicLink ? e.Entry with { Mode = 0x1FF /* 0777 */ } : e.Entry)];
        (Digest, ContentBytes) = (tree.Digest, tree.Sums.ContentBytes);
    }

    /// <summary>Its tree digest.</summary>
    public Digest Digest { get; }

    /// <summary>Sum of file sizes, each hard-linked file once.</summary>
    public long ContentBytes { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TreeEntry> Entries { get; }

    /// <summary>Reads a tree to its end.</summary>
    /// <param name="layers">The layers of an image, or a directory; not disposed.</param>
    /// <param name="folder">Where the temporary file lies; it has no name and goes with this object.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="Core.Errors.HostupException">The codes of the source.</exception>
    public static async Task<SpooledTree> ReadAsync(ITreeReader layers, string folder, CancellationToken ct)
    {
        string name = Path.Combine(folder, $".hostup-{Guid.NewGuid():n}");
        var spool = File.OpenHandle(name, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        try
        {
            var copying = new Copying(layers, spool);
            var tree = await RootTree.ReadAsync(copying, new HashSet<TreePath>(), ct).ConfigureAwait(false);
            return new SpooledTree(tree, spool, copying.Places);
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    /// <summary>Digest of the content of a file.</summary>
    public Digest ContentOf(int entry) => _listing[entry].Content ?? throw new InvalidOperationException($"bug: {Entries[entry].Path} is no file");

    /// <summary>All of the content of a file.</summary>
    internal byte[] ReadFile(int entry)
    {
        using var content = Open(entry);
        byte[] bytes = new byte[content.Length];
        content.Read(0, bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public IDeltaContent Open(int entry) => new Content(_spool, _places[ContentOf(entry)]);

    /// <summary>Closes and thereby removes the temporary file.</summary>
    public void Dispose() => _spool.Dispose();

    private readonly record struct Place(long Offset, long Length);

    private sealed class Content(SafeFileHandle spool, Place place) : IDeltaContent
    {
        public long Length => place.Length;

        public void Read(long offset, Span<byte> buffer)
        {
            if (offset + buffer.Length > place.Length)
                throw DeltaErrors.WrongOld("an old file is shorter than it was");
            while (!buffer.IsEmpty)
            {
                int read = RandomAccess.Read(spool, buffer, place.Offset + offset);
                if (read == 0)
                    throw DeltaErrors.WrongOld("a temporary file became shorter");
                buffer = buffer[read..];
                offset += read;
            }
        }

        public void Dispose()
        {
        }
    }

    /// <summary>Passes a tree on and keeps the contents.</summary>
    private sealed class Copying(ITreeReader inner, SafeFileHandle spool) : ITreeReader
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long _start;
        private long _end;
        private bool _inFile;

        public Dictionary<Digest, Place> Places { get; } = [];

        public async ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            EndFile();
            var entry = await inner.NextAsync(ct).ConfigureAwait(false);
            _inFile = entry?.Kind == TreeEntryKind.File;
            return entry;
        }

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
        {
            int read = await inner.ReadAsync(buffer, ct).ConfigureAwait(false);
            _hash.AppendData(buffer.Span[..read]);
            RandomAccess.Write(spool, buffer.Span[..read], _end);
            _end += read;
            return read;
        }

        public ValueTask DisposeAsync()
        {
            _hash.Dispose();
            return ValueTask.CompletedTask;
        }

        private void EndFile()
        {
            if (_inFile && Places.TryAdd(Digest.FromHash(_hash.GetHashAndReset()), new Place(_start, _end - _start)))
                _start = _end;
            // the next content goes over one that was there before
            _end = _start;
        }
    }
}
