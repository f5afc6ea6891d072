namespace Hostup.Core.RootTrees;

/// <summary>What an entry of a root tree, or of a layer over one, is. The numbers are part of the tree digest and never change.</summary>
public enum TreeEntryKind : byte
{
    /// <summary>A directory.</summary>
    Directory = 1,

    /// <summary>A regular file, followed by <see cref="TreeEntry.Size"/> bytes of content.</summary>
    File = 2,

    /// <summary>A symbolic link to <see cref="TreeEntry.LinkTarget"/>.</summary>
    SymbolicLink = 3,

    /// <summary>Another name of the file at path <see cref="TreeEntry.LinkTarget"/>. In a listing it stands for all names of a file but the first.</summary>
    HardLink = 4,

    /// <summary>A character device.</summary>
    CharacterDevice = 5,

    /// <summary>A block device.</summary>
    BlockDevice = 6,

    /// <summary>A named pipe.</summary>
    Fifo = 7,

    /// <summary>In layers only: what lower layers put at this path is removed, with everything below it.</summary>
    Whiteout = 8,

    /// <summary>In layers only: what lower layers put below this directory is removed, the directory itself stays.</summary>
    OpaqueDirectory = 9,
}
