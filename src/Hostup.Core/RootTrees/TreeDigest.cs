using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Hostup.Core.RootTrees;

/// <summary>
/// The tree digest: SHA-256 over the canonical listing of a root tree, taken entry by entry in constant memory. Two trees have the
/// same digest exactly when a running system cannot tell them apart. The encoding is docs/tree-digest.md.
/// </summary>
/// <remarks>Not thread-safe. One instance makes one digest.</remarks>
public sealed class TreeDigest : IDisposable
{
    /// <summary>First bytes of the listing: format name, a zero byte, format version 1.</summary>
    private static readonly byte[] Header = [.. "hostup-tree-digest"u8, 0, 1];

    private static readonly TreePath LostAndFound = TreePath.Parse("lost+found"u8);

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> _record = new(512);
    private TreeEntry? _heldLostAndFound;
    private TreePath _last;
    private long _entries;

    /// <summary>Starts an empty listing.</summary>
    public TreeDigest() => _hash.AppendData(Header);

    /// <summary>
    /// Adds the next entry. Entries come in canonical order (<see cref="TreePath.CompareTo"/>); the first name of a hard-linked file
    /// is the file, each later one a <see cref="TreeEntryKind.HardLink"/> to the first. The root directory may be missing: it then
    /// counts as mode 0755 of root. An empty /lost+found is left out.
    /// </summary>
    /// <param name="entry">The entry; not a whiteout.</param>
    /// <param name="contentHash">32 bytes SHA-256 of the content of a file; empty for everything else.</param>
    public void Add(TreeEntry entry, ReadOnlySpan<byte> contentHash)
    {
        if (_entries == 0 && _heldLostAndFound is null && !entry.Path.IsRoot)
            Append(new TreeEntry { Path = TreePath.Root, Kind = TreeEntryKind.Directory, Mode = 0x1ED /* 0755 */ }, []);
        var previous = _heldLostAndFound?.Path ?? _last;
        if (_entries > 0 && entry.Path.CompareTo(previous) <= 0)
            throw new InvalidOperationException($"bug: {entry.Path} comes after {previous} in a canonical listing");
        if (_heldLostAndFound is { } held)
        {
            _heldLostAndFound = null;
            if (entry.Path.IsBelow(held.Path))
                Append(held, []);
        }
        if (entry.Kind == TreeEntryKind.Directory && entry.Path == LostAndFound)
            _heldLostAndFound = entry;
        else
            Append(entry, contentHash);
    }

    /// <summary>Closes the listing.</summary>
    /// <returns>The digest. Nothing may be added after it.</returns>
    public Digest Finish()
    {
        if (_entries == 0)
            Append(new TreeEntry { Path = TreePath.Root, Kind = TreeEntryKind.Directory, Mode = 0x1ED }, []);
        Span<byte> trailer = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(trailer, _entries);
        _hash.AppendData(trailer);
        return Digest.FromHash(_hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    private void Append(TreeEntry entry, ReadOnlySpan<byte> contentHash)
    {
        _record.ResetWrittenCount();
        PutBytes(entry.Path.Bytes);
        Put8((byte)entry.Kind);
        if (entry.Kind == TreeEntryKind.HardLink)
            PutBytes(entry.LinkTarget.Bytes);
        else
            PutInode(entry, contentHash);
        _hash.AppendData(_record.WrittenSpan);
        _last = entry.Path;
        _entries++;
    }

    private void PutInode(TreeEntry entry, ReadOnlySpan<byte> contentHash)
    {
        Put32(entry.Kind == TreeEntryKind.SymbolicLink ? 0x1FFu /* 0777 */ : (uint)entry.Mode);
        Put32(entry.UserId);
        Put32(entry.GroupId);
        Put64(entry.Path.IsRoot ? 0 : entry.ModifiedSeconds);
        switch (entry.Kind)
        {
            case TreeEntryKind.Directory or TreeEntryKind.Fifo:
                break;
            case TreeEntryKind.File when contentHash.Length == SHA256.HashSizeInBytes:
                Put64(entry.Size);
                _record.Write(contentHash);
                break;
            case TreeEntryKind.SymbolicLink:
                PutBytes(entry.SymbolicTarget.Span);
                break;
            case TreeEntryKind.CharacterDevice or TreeEntryKind.BlockDevice:
                Put32(entry.DeviceMajor);
                Put32(entry.DeviceMinor);
                break;
            default:
                throw new InvalidOperationException($"bug: {entry.Kind} {entry.Path} with {contentHash.Length} bytes of hash in a canonical listing");
        }
        PutExtendedAttributes(entry.ExtendedAttributes);
    }

    private void PutExtendedAttributes(IReadOnlyList<ExtendedAttribute> attributes)
    {
        Put32((uint)attributes.Count);
        if (attributes.Count == 0)
            return;
        var named = attributes.Select(a => (Name: Encoding.UTF8.GetBytes(a.Name), a.Value)).ToArray();
        Array.Sort(named, (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        foreach (var (name, value) in named)
        {
            PutBytes(name);
            PutBytes(value.Span);
        }
    }

    private void PutBytes(ReadOnlySpan<byte> bytes)
    {
        Put32((uint)bytes.Length);
        _record.Write(bytes);
    }

    private void Put8(byte value) => _record.Write([value]);

    private void Put32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_record.GetSpan(4), value);
        _record.Advance(4);
    }

    private void Put64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_record.GetSpan(8), value);
        _record.Advance(8);
    }
}
