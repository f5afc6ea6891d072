using Hostup.Core.RootTrees;

namespace Hostup.Oci.Layers;

/// <summary>Turns headers into entries and the specification's marker names into whiteouts, and back.</summary>
internal static class LayerEntries
{
    public static ReadOnlySpan<byte> WhiteoutPrefix => ".wh."u8;

    public static ReadOnlySpan<byte> OpaqueMarker => ".wh..wh..opq"u8;

    /// <summary>What Linux takes as one file name.</summary>
    private const int MaxNameBytes = 255;
    /// <summary>What Linux takes as a link target.</summary>
    private const int MaxTargetBytes = 4095;

    /// <summary>Null for entries that are passed over (volume labels).</summary>
    public static TreeEntryKind? KindOf(TarHeader header) => header.TypeFlag switch
    {
        0 or (byte)'0' or (byte)'7' when header.Name is [.., (byte)'/'] => TreeEntryKind.Directory,
        0 or (byte)'0' or (byte)'7' or (byte)'S' => TreeEntryKind.File,
        (byte)'1' => TreeEntryKind.HardLink,
        (byte)'2' => TreeEntryKind.SymbolicLink,
        (byte)'3' => TreeEntryKind.CharacterDevice,
        (byte)'4' => TreeEntryKind.BlockDevice,
        (byte)'5' => TreeEntryKind.Directory,
        (byte)'6' => TreeEntryKind.Fifo,
        (byte)'V' => null,
        var other => throw TarErrors.Bad($"an entry has the unknown type {other}"),
    };

    public static TreeEntry Describe(TarHeader header, TreeEntryKind kind, long size, IReadOnlyList<ExtendedAttribute> attributes)
    {
        var path = TreePath.Parse(header.Name);
        if (path.IsRoot && kind != TreeEntryKind.Directory)
            throw TarErrors.Bad("an entry that is not a directory has no name");
        if (kind == TreeEntryKind.SymbolicLink && (header.LinkName.Length is 0 or > MaxTargetBytes || header.LinkName.Contains((byte)0)))
            throw TarErrors.Bad($"the target of symbolic link {path} is empty, too long or holds a NUL byte");
        return new TreeEntry
        {
            Path = path,
            Kind = kind,
            Mode = kind == TreeEntryKind.SymbolicLink ? 0x1FF /* 0777 */ : header.Mode,
            UserId = Small(header.UserId),
            GroupId = Small(header.GroupId),
            ModifiedSeconds = header.ModifiedSeconds,
            Size = size,
            SymbolicTarget = kind == TreeEntryKind.SymbolicLink ? header.LinkName : default,
            LinkTarget = kind == TreeEntryKind.HardLink ? Checked(TreePath.Parse(header.LinkName)) : default,
            DeviceMajor = Small(header.DeviceMajor),
            DeviceMinor = Small(header.DeviceMinor),
            ExtendedAttributes = attributes,
        };
    }

    /// <summary>The whiteout that a marker stands for, the entry itself when it is none, null for other names that are reserved.</summary>
    public static TreeEntry? Interpret(TreeEntry entry)
    {
        var name = entry.Path.Name;
        if (!name.StartsWith(WhiteoutPrefix))
        {
            Checked(entry.Path);
            return entry;
        }
        if (name.SequenceEqual(OpaqueMarker))
            return new TreeEntry { Path = entry.Path.Parent, Kind = TreeEntryKind.OpaqueDirectory };
        var hidden = name[WhiteoutPrefix.Length..];
        // aufs kept its own files under such names; engines pass over them too.
        if (hidden.StartsWith(WhiteoutPrefix))
            return null;
        return hidden is [] or [(byte)'.'] or [(byte)'.', (byte)'.']
            ? throw TarErrors.Bad($"whiteout {entry.Path} names nothing")
            : new TreeEntry { Path = Checked(entry.Path.Parent.Child(hidden)), Kind = TreeEntryKind.Whiteout };
    }

    private static TreePath Checked(TreePath path)
    {
        foreach (var range in path.Bytes.Split((byte)'/'))
            if (range.End.Value - range.Start.Value > MaxNameBytes)
                throw TarErrors.Bad($"a part of {path} is longer than {MaxNameBytes} bytes");
        return path;
    }

    private static uint Small(long number) => number is >= 0 and <= uint.MaxValue ? (uint)number : throw TarErrors.Bad($"owner, group or device number {number} is out of range");
}
