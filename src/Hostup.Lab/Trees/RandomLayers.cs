using Hostup.Core.RootTrees;

namespace Hostup.Lab.Trees;

/// <summary>Layers with everything in them that a root file system can hold, made from a seed. The same seed gives the same layers.</summary>
public sealed class RandomLayers
{
    private readonly Random _random;
    private readonly SortedDictionary<TreePath, TreeEntryKind> _tree = new() { [TreePath.Root] = TreeEntryKind.Directory };
    private List<(TreeEntry Entry, ReadOnlyMemory<byte> Content)> _layer = [];

    private RandomLayers(int seed) => _random = new Random(seed);

    /// <summary>Makes layers, lowest first.</summary>
    /// <param name="seed">Seed.</param>
    /// <param name="layers">How many.</param>
    /// <param name="entries">Entries of each.</param>
    public static IReadOnlyList<IReadOnlyList<(TreeEntry Entry, ReadOnlyMemory<byte> Content)>> Make(int seed, int layers, int entries)
    {
        var maker = new RandomLayers(seed);
        var made = new List<IReadOnlyList<(TreeEntry, ReadOnlyMemory<byte>)>>();
        for (int i = 0; i < layers; i++)
        {
            maker._layer = [];
            for (int j = 0; i > 0 && j < entries / 10; j++)
                maker.AddWhiteout();
            for (int j = 0; j < entries; j++)
                maker.AddEntry();
            made.Add(maker._layer);
        }
        return made;
    }

    private void AddWhiteout()
    {
        var path = Pick(_ => true);
        bool opaque = _random.Next(3) == 0 && _tree[path] == TreeEntryKind.Directory;
        if (path.IsRoot && !opaque)
            return;
        _layer.Add((new TreeEntry { Path = path, Kind = opaque ? TreeEntryKind.OpaqueDirectory : TreeEntryKind.Whiteout }, default));
        Remove(path, itself: !opaque);
    }

    private void AddEntry()
    {
        var path = Pick(k => k == TreeEntryKind.Directory).Child(Name());
        if (path.Bytes.Length > 3000)
            return;
        var kind = _random.Next(20) switch
        {
            < 6 => TreeEntryKind.Directory,
            < 12 => TreeEntryKind.File,
            < 15 => TreeEntryKind.SymbolicLink,
            < 17 when _tree.Any(e => e.Value != TreeEntryKind.Directory && !path.Equals(e.Key) && !e.Key.IsBelow(path)) => TreeEntryKind.HardLink,
            17 => TreeEntryKind.CharacterDevice,
            18 => TreeEntryKind.BlockDevice,
            _ => TreeEntryKind.Fifo,
        };
        var target = kind == TreeEntryKind.HardLink ? Pick(k => k != TreeEntryKind.Directory, path) : default;
        bool keeps = kind == TreeEntryKind.Directory && _tree.TryGetValue(path, out var before) && before == kind;
        if (!keeps)
            Remove(path, itself: true);
        _tree[path] = kind == TreeEntryKind.HardLink ? _tree[target] : kind;
        var content = kind == TreeEntryKind.File ? Content() : [];
        _layer.Add((Entry(path, kind, target, content.Length), content));
    }

    private TreeEntry Entry(TreePath path, TreeEntryKind kind, TreePath target, int size) => kind == TreeEntryKind.HardLink
        ? new TreeEntry { Path = path, Kind = kind, LinkTarget = target }
        : new TreeEntry
        {
            Path = path,
            Kind = kind,
            Mode = kind == TreeEntryKind.SymbolicLink ? 0x1FF : _random.Next(0x1000),
            UserId = Owner(),
            GroupId = Owner(),
            ModifiedSeconds = _random.Next(10) == 0 ? -_random.Next(1_000_000) : _random.NextInt64(2_000_000_000),
            Size = size,
            SymbolicTarget = kind == TreeEntryKind.SymbolicLink ? Bytes(1 + _random.Next(_random.Next(5) == 0 ? 1000 : 40)) : default,
            DeviceMajor = kind is TreeEntryKind.CharacterDevice or TreeEntryKind.BlockDevice ? (uint)_random.Next(4096) : 0,
            DeviceMinor = kind is TreeEntryKind.CharacterDevice or TreeEntryKind.BlockDevice ? (uint)_random.Next(1 << 20) : 0,
            ExtendedAttributes = _random.Next(4) == 0 ? Attributes(kind) : [],
        };

    /// <summary>Links and devices take no attributes of users.</summary>
    private ExtendedAttribute[] Attributes(TreeEntryKind kind)
    {
        var any = new ExtendedAttribute("trusted.zeta", RandomBytes(_random.Next(300)));
        return kind switch
        {
            // VFS_CAP_REVISION_2, effective, cap_net_raw
            TreeEntryKind.File => [any, new("user.note", RandomBytes(_random.Next(60))), new("security.capability", (byte[])[1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
            TreeEntryKind.Directory => [any, new("user.b", RandomBytes(3)), new("user.a", default)],
            _ => [any],
        };
    }

    private uint Owner() => _random.Next(8) switch
    {
        < 5 => 0,
        < 7 => (uint)_random.Next(70_000),
        _ => uint.MaxValue - 2 - (uint)_random.Next(1000),
    };

    private byte[] Content()
    {
        var content = RandomBytes(_random.Next(6) switch { 0 => 0, < 4 => _random.Next(5_000), 4 => _random.Next(40_000), _ => _random.Next(300_000) });
        if (_random.Next(3) == 0)
            content.AsSpan(content.Length / 4, content.Length / 2).Clear();
        return content;
    }

    /// <summary>A small pool of names makes entries meet; some names are long, some are not UTF-8.</summary>
    private byte[] Name() => _random.Next(12) switch
    {
        0 => Bytes(200 + _random.Next(56)),
        1 => [0xFF, (byte)('a' + _random.Next(3)), 0xC3],
        2 => [(byte)'a', (byte)"!-.~ \n"[_random.Next(6)]],
        _ => [(byte)('a' + _random.Next(12))],
    };

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)(1 + _random.Next(255)) is var b && b == '/' ? (byte)'_' : b;
        if (bytes[0] == '.')
            bytes[0] = (byte)'x';
        return bytes;
    }

    private byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private TreePath Pick(Func<TreeEntryKind, bool> wanted, TreePath? notAtOrBelow = null)
    {
        var fitting = _tree.Where(e => wanted(e.Value) && (notAtOrBelow is not { } p || (e.Key != p && !e.Key.IsBelow(p)))).Select(e => e.Key).ToList();
        return fitting[_random.Next(fitting.Count)];
    }

    private void Remove(TreePath path, bool itself)
    {
        foreach (var gone in _tree.Keys.Where(p => p.IsBelow(path) || (itself && p == path)).ToList())
            _tree.Remove(gone);
    }
}
