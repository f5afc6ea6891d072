namespace Hostup.Core.RootTrees;

/// <summary>What a root tree amounts to.</summary>
/// <param name="ContentBytes">Sum of file sizes, holes included; each hard-linked file once.</param>
/// <param name="Entries">Number of names, the root directory included.</param>
/// <param name="SpaceBytes">Upper estimate of the ext4 file system (4 KiB blocks, 256-byte inodes, default journal) that holds the tree.</param>
public sealed record RootTreeSums(long ContentBytes, long Entries, long SpaceBytes);

/// <summary>Adds up entries of a listing. Constants are ext4's on-disk format with the defaults of mke2fs.</summary>
internal sealed class Ext4Estimate
{
    private const long Block = 4096;
    private const long Inode = 256;
    /// <summary>Inode body left for attributes: 256 - 128 - 32 (extra_isize) - 4 (magic).</summary>
    private const int InInodeAttributes = 92;
    /// <summary>A symbolic link shorter than this lives in the inode.</summary>
    private const int FastLink = 60;

    private long _content;
    private long _entries;
    private long _blocks;
    private long _inodes;
    private long _nameBytes;

    public void Add(TreeEntry entry)
    {
        _entries++;
        // A directory entry has 8 bytes of head, is rounded to 4, and directory blocks are about 3/4 full once they have been split.
        _nameBytes += (8 + entry.Path.Name.Length + 3) / 4 * 4 * 4 / 3;
        if (entry.Kind == TreeEntryKind.HardLink)
            return;
        _inodes++;
        switch (entry.Kind)
        {
            case TreeEntryKind.File:
                _content += entry.Size;
                _blocks += entry.Size / Block + (entry.Size % Block == 0 ? 0 : 1);
                break;
            case TreeEntryKind.Directory:
                _blocks++;
                break;
            case TreeEntryKind.SymbolicLink when entry.SymbolicTarget.Length >= FastLink:
                _blocks++;
                break;
        }
        if (entry.ExtendedAttributes.Sum(a => 16 + a.Name.Length + 3 + a.Value.Length + 3) > InInodeAttributes)
            _blocks++;
    }

    public RootTreeSums Sums()
    {
        long bare = _blocks * Block + _inodes * Inode + _nameBytes;
        return new RootTreeSums(_content, _entries, (bare + JournalBytes(bare / Block)) * 105 / 100 / Block * Block + Block);
    }

    /// <summary>Journal that mke2fs makes by default for a file system of so many 4 KiB blocks (ext2fs_default_journal_size).</summary>
    private static long JournalBytes(long fileSystemBlocks) => Block * fileSystemBlocks switch
    {
        < 32 * 1024 => 1024,
        < 256 * 1024 => 4096,
        < 512 * 1024 => 8192,
        < 4096 * 1024 => 16384,
        _ => 32768,
    };
}
