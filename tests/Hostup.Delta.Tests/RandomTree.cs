using Hostup.Core.RootTrees;

namespace Hostup.Delta.Tests;

/// <summary>A tree that somebody works on: files and directories that move, change their kind, are copied, linked, emptied and full of holes, under names of any bytes.</summary>
internal sealed class RandomTree
{
    private readonly Random _random;
    private readonly SortedDictionary<TreePath, (TreeEntry Entry, byte[] Content)> _entries = new() { [TreePath.Root] = (new TreeEntry { Path = TreePath.Root, Kind = TreeEntryKind.Directory, Mode = 0x1ED }, []) };
    private readonly Dictionary<TreePath, TreePath> _links = [];
    private int _names;

    /// <param name="seed">The same seed gives the same tree and the same work.</param>
    public RandomTree(int seed)
    {
        _random = new Random(seed);
        for (int i = 0; i < 12; i++)
            Put(NewPath(), TreeEntryKind.Directory, []);
        for (int i = 0; i < 60; i++)
            Put(NewPath(), TreeEntryKind.File, Content());
        for (int i = 0; i < 6; i++)
            Link();
    }

    /// <summary>As it is now; names of a file that is there follow it.</summary>
    public ListedTree Listed()
    {
        var names = _links.Where(l => Is(l.Value, TreeEntryKind.File) && Is(l.Key.Parent, TreeEntryKind.Directory) && !_entries.ContainsKey(l.Key))
            .Select(l => (new TreeEntry { Path = l.Key, Kind = TreeEntryKind.HardLink, LinkTarget = l.Value }, ReadOnlyMemory<byte>.Empty));
        return new ListedTree([.. _entries.Values.Select(e => (e.Entry, (ReadOnlyMemory<byte>)e.Content)), .. names]);
    }

    public void Work(int times)
    {
        for (; times > 0; times--)
            WorkOnce();
    }

    private void WorkOnce()
    {
        var file = Any(TreeEntryKind.File);
        switch (_random.Next(11))
        {
            case 0 or 1:
                _entries[file] = (_entries[file].Entry, TestTrees.Edit(_entries[file].Content, _random));
                break;
            case 2:
                Move(file, NewPath());
                break;
            case 3:
                MoveDirectory(Any(TreeEntryKind.Directory), NewPath());
                break;
            case 4:
                ChangeKind(file);
                break;
            case 5:
                Remove(_random.Next(4) == 0 ? Any(TreeEntryKind.Directory) : file);
                break;
            case 6:
                Describe(_entries.Keys.ElementAt(_random.Next(_entries.Count)));
                break;
            case 7:
                Put(NewPath(), TreeEntryKind.File, Content());
                break;
            case 8:
                Put(NewPath(), TreeEntryKind.File, _entries[file].Content);
                break;
            case 9:
                Link();
                break;
            default:
                var other = Any(TreeEntryKind.File);
                (_entries[file], _entries[other]) = ((_entries[file].Entry, _entries[other].Content), (_entries[other].Entry, _entries[file].Content));
                break;
        }
        if (!_entries.Values.Any(e => e.Entry.Kind == TreeEntryKind.File))
            Put(NewPath(), TreeEntryKind.File, Content());
    }

    private bool Is(TreePath path, TreeEntryKind kind) => _entries.TryGetValue(path, out var entry) && entry.Entry.Kind == kind;

    private TreePath Any(TreeEntryKind kind)
    {
        TreePath[] all = [.. _entries.Where(e => e.Value.Entry.Kind == kind).Select(e => e.Key)];
        return all[_random.Next(all.Length)];
    }

    /// <summary>A name that is not used, of letters, digits and any other bytes.</summary>
    private TreePath NewPath()
    {
        byte[] odd = TestTrees.Bytes(_random.Next(), _random.Next(4));
        byte[] name = [.. "n"u8, .. odd.Where(b => b is not 0 and not (byte)'/'), .. System.Text.Encoding.ASCII.GetBytes($"-{_names++}.ko")];
        return Any(TreeEntryKind.Directory).Child(name);
    }

    private void Put(TreePath path, TreeEntryKind kind, byte[] content) => _entries[path] = (new TreeEntry
    {
        Path = path,
        Kind = kind,
        Mode = kind == TreeEntryKind.SymbolicLink ? 0x1FF : _random.Next(0x1000),
        UserId = (uint)_random.Next(3),
        ModifiedSeconds = _random.Next(2_000_000_000),
        SymbolicTarget = kind == TreeEntryKind.SymbolicLink ? TestTrees.Bytes(_random.Next(), 1 + _random.Next(60)).Select(b => (byte)(b | 1)).ToArray() : default,
        DeviceMajor = kind is TreeEntryKind.CharacterDevice or TreeEntryKind.BlockDevice ? 7u : 0,
        ExtendedAttributes = kind == TreeEntryKind.File && _random.Next(5) == 0 ? Attributes() : [],
    }, content);

    private ExtendedAttribute[] Attributes() =>
        [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(i => new ExtendedAttribute($"user.a{i}", TestTrees.Bytes(_random.Next(), _random.Next(200))))];

    private void Link() => _links[NewPath()] = Any(TreeEntryKind.File);

    private void Describe(TreePath path)
    {
        var (entry, content) = _entries[path];
        _entries[path] = (entry with
        {
            Mode = entry.Kind == TreeEntryKind.SymbolicLink ? entry.Mode : _random.Next(0x1000),
            GroupId = (uint)_random.Next(5),
            ModifiedSeconds = _random.Next(2_000_000_000),
            ExtendedAttributes = entry.Kind == TreeEntryKind.File ? Attributes() : [],
        }, content);
    }

    private void Move(TreePath from, TreePath to)
    {
        var (entry, content) = _entries[from];
        _entries.Remove(from);
        _entries[to] = (entry with { Path = to }, content);
        foreach (var (name, _) in _links.Where(l => l.Value == from).ToList())
            _links[name] = to;
    }

    private void MoveDirectory(TreePath from, TreePath to)
    {
        if (from.IsRoot || to.IsBelow(from))
            return;
        foreach (var path in _entries.Keys.Where(p => p == from || p.IsBelow(from)).ToList())
            Move(path, TreePath.Parse([.. to.Bytes, .. path.Bytes[from.Bytes.Length..]]));
    }

    private void Remove(TreePath path)
    {
        foreach (var gone in _entries.Keys.Where(p => !p.IsRoot && (p == path || (!path.IsRoot && p.IsBelow(path)))).ToList())
            _entries.Remove(gone);
    }

    private void ChangeKind(TreePath file)
    {
        TreeEntryKind[] kinds = [TreeEntryKind.Directory, TreeEntryKind.SymbolicLink, TreeEntryKind.CharacterDevice, TreeEntryKind.BlockDevice, TreeEntryKind.Fifo];
        var kind = kinds[_random.Next(kinds.Length)];
        byte[] content = _entries[file].Content;
        Put(file, kind, []);
        if (kind == TreeEntryKind.Directory)
            Put(file.Child("inside"u8), TreeEntryKind.File, content);
    }

    /// <summary>Empty, a few bytes, noise, text, or mostly holes.</summary>
    private byte[] Content()
    {
        byte[] holes = new byte[_random.Next(250_000)];
        for (int at = _random.Next(1 + holes.Length); at < holes.Length; at += 40_000 + _random.Next(60_000))
            TestTrees.Bytes(_random.Next(), Math.Min(500, holes.Length - at)).CopyTo(holes, at);
        return _random.Next(6) switch
        {
            0 => [],
            1 => TestTrees.Bytes(_random.Next(), 1 + _random.Next(20)),
            2 => TestTrees.Bytes(_random.Next(), _random.Next(40_000)),
            3 or 4 => [.. Enumerable.Range(0, _random.Next(20_000)).Select(_ => (byte)('a' + _random.Next(4)))],
            _ => holes,
        };
    }
}
