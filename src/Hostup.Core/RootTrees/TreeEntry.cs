namespace Hostup.Core.RootTrees;

/// <summary>One extended attribute.</summary>
/// <param name="Name">Full name, for example <c>security.capability</c>.</param>
/// <param name="Value">Raw value.</param>
public sealed record ExtendedAttribute(string Name, ReadOnlyMemory<byte> Value);

/// <summary>One entry of a root tree, or of a layer over one, without its content.</summary>
public sealed record TreeEntry
{
    /// <summary>Where it is.</summary>
    public required TreePath Path { get; init; }

    /// <summary>What it is.</summary>
    public required TreeEntryKind Kind { get; init; }

    /// <summary>Permission bits, set-id and sticky included: 0 to 07777 octal. 0777 octal for symbolic links.</summary>
    public int Mode { get; init; }

    /// <summary>Numeric owner.</summary>
    public uint UserId { get; init; }

    /// <summary>Numeric group.</summary>
    public uint GroupId { get; init; }

    /// <summary>Modification time in whole seconds since 1970-01-01 UTC; may be negative.</summary>
    public long ModifiedSeconds { get; init; }

    /// <summary>Bytes of content of a regular file, holes included; zero for everything else.</summary>
    public long Size { get; init; }

    /// <summary>Target of a symbolic link, any bytes; empty for everything else.</summary>
    public ReadOnlyMemory<byte> SymbolicTarget { get; init; }

    /// <summary>For <see cref="TreeEntryKind.HardLink"/>: the path whose file this is another name of.</summary>
    public TreePath LinkTarget { get; init; }

    /// <summary>Major number of a device.</summary>
    public uint DeviceMajor { get; init; }

    /// <summary>Minor number of a device.</summary>
    public uint DeviceMinor { get; init; }

    /// <summary>Extended attributes, any order.</summary>
    public IReadOnlyList<ExtendedAttribute> ExtendedAttributes { get; init; } = [];
}
