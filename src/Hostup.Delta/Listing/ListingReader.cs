using System.Buffers.Binary;
using System.Text;
using Hostup.Core.RootTrees;
using Hostup.Delta.Format;

namespace Hostup.Delta.Listing;

/// <summary>Reads what a <see cref="ListingWriter"/> wrote. Whatever comes out is a canonical listing whose names lead nowhere out of the tree.</summary>
internal sealed class ListingReader(IReadOnlyList<TreeEntry> old, ByteSource[] streams)
{
    private readonly List<ListedEntry> _entries = [];
    private readonly Stack<TreePath> _directories = new();
    private int _last = -1;
    private TreePath _path;
    private TreeEntry _before = new() { Path = TreePath.Root, Kind = TreeEntryKind.Directory };
    private long _time;

    /// <summary>Indexes of files that are written after all others.</summary>
    public IReadOnlyList<int> Late { get; private set; } = [];

    /// <exception cref="Core.Errors.HostupException"><c>bad-delta</c>; <c>delta-old</c> when the old listing is another one.</exception>
    public IReadOnlyList<ListedEntry> Read(int count)
    {
        while (_entries.Count < count)
        {
            var codes = (ListingCodes)Stream(ListingStreams.Codes).Byte();
            if (codes != ListingCodes.Run)
                Add(codes);
            else
                for (int left = Stream(ListingStreams.Numbers).Count(count - _entries.Count); left > 0; left--)
                    Add(ListingCodes.Like);
        }
        var late = new List<int>();
        var seen = new HashSet<int>();
        for (int left = Stream(ListingStreams.Late).Count(count); left > 0; left--)
        {
            int index = Stream(ListingStreams.Late).Count(count - 1);
            late.Add(_entries[index].Entry.Kind == TreeEntryKind.File && seen.Add(index) ? index : throw DeltaErrors.Bad("something that is no file is to be written last"));
        }
        Late = late;
        ulong check = BinaryPrimitives.ReadUInt64LittleEndian(Stream(ListingStreams.Late).Bytes(ListingCheck.Bytes));
        foreach (var stream in streams)
            stream.MustEnd();
        return ListingCheck.Of(_entries.Select(e => e.Entry)) == check ? _entries : throw DeltaErrors.WrongOld("names, owners or times of the old tree are not what they were when the delta was built");
    }

    private void Add(ListingCodes codes)
    {
        TreeEntry? like = null;
        if (codes.HasFlag(ListingCodes.Like))
        {
            _last = codes.HasFlag(ListingCodes.Jump) ? Stream(ListingStreams.Numbers).Count(int.MaxValue) : _last + 1;
            like = _last < old.Count ? old[_last] : throw DeltaErrors.WrongOld($"the old tree has {old.Count} entries, entry {_last} is needed");
        }
        var kind = like?.Kind ?? (TreeEntryKind)Stream(ListingStreams.Owners).Byte();
        if (kind is < TreeEntryKind.Directory or > TreeEntryKind.Fifo)
            throw DeltaErrors.Bad($"it has an entry of kind {(int)kind}");
        var path = codes.HasFlag(ListingCodes.Path) ? ReadPath(like) : like?.Path ?? throw DeltaErrors.Bad("it has an entry without a path");
        Check(path, kind);
        bool framed = codes.HasFlag(ListingCodes.Framed);
        if (framed ? kind != TreeEntryKind.File : kind == TreeEntryKind.File && like is null)
            throw DeltaErrors.Bad($"{path} has no content");
        var entry = ReadFields(codes, (like ?? new TreeEntry { Path = path, Kind = kind, Mode = _before.Mode, UserId = _before.UserId, GroupId = _before.GroupId }) with { Path = path }, like);
        if (kind == TreeEntryKind.File && !framed && entry.Size != like!.Size)
            throw DeltaErrors.Bad($"{path} has another size than the file that it is a copy of");
        _entries.Add(new ListedEntry(entry, like is null ? -1 : _last, framed));
        (_path, _before) = (path, entry);
    }

    private TreePath ReadPath(TreeEntry? like)
    {
        int up = Stream(ListingStreams.Numbers).Count(DeltaLimits.PathBytes);
        var parent = _path;
        for (int i = 0; i < up; i++)
            parent = parent.IsRoot ? throw DeltaErrors.Bad("it has an entry above the root") : parent.Parent;
        var name = Stream(ListingStreams.Names).Text(255 /* NAME_MAX */);
        if (name.IsEmpty && like is not null)
            name = like.Path.Name;
        if (name.IsEmpty || name.Contains((byte)'/') || name.Contains((byte)0) || name is [(byte)'.'] or [(byte)'.', (byte)'.'] || parent.Bytes.Length + name.Length >= DeltaLimits.PathBytes)
            throw DeltaErrors.Bad("it has a name that no file can have");
        return parent.Child(name);
    }

    /// <summary>Canonical order, below a directory of this listing.</summary>
    private void Check(TreePath path, TreeEntryKind kind)
    {
        if (_entries.Count == 0)
        {
            if (!path.IsRoot || kind != TreeEntryKind.Directory)
                throw DeltaErrors.Bad("its listing does not begin with the root directory");
            _directories.Push(path);
            return;
        }
        if (path.CompareTo(_path) <= 0)
            throw DeltaErrors.Bad($"{path} comes after {_path}");
        while (_directories.Count > 1 && !path.IsBelow(_directories.Peek()))
            _directories.Pop();
        if (path.Parent != _directories.Peek())
            throw DeltaErrors.Bad($"{path} is in no directory of the tree");
        if (kind == TreeEntryKind.Directory)
            _directories.Push(path);
    }

    private TreeEntry ReadFields(ListingCodes codes, TreeEntry entry, TreeEntry? like)
    {
        if (codes.HasFlag(ListingCodes.Owner))
        {
            var owners = Stream(ListingStreams.Owners);
            entry = entry with { Mode = owners.Count(0xFFF), UserId = (uint)owners.Number(uint.MaxValue), GroupId = (uint)owners.Number(uint.MaxValue) };
        }
        if (codes.HasFlag(ListingCodes.Time))
            entry = entry with { ModifiedSeconds = _time = unchecked(_time + Stream(ListingStreams.Times).Signed()) };
        if (codes.HasFlag(ListingCodes.What))
            entry = ReadWhat(Stream(ListingStreams.Whats), entry, like);
        if (codes.HasFlag(ListingCodes.Attributes))
            entry = entry with { ExtendedAttributes = ReadAttributes(Stream(ListingStreams.Attributes)) };
        return entry;
    }

    private TreeEntry ReadWhat(ByteSource whats, TreeEntry entry, TreeEntry? like) => entry.Kind switch
    {
        TreeEntryKind.File => entry with { Size = Size(unchecked((like?.Size ?? 0) + whats.Signed())) },
        TreeEntryKind.SymbolicLink => entry with { SymbolicTarget = whats.Text(DeltaLimits.PathBytes).ToArray() },
        TreeEntryKind.HardLink => entry with { LinkTarget = Target(whats.Count(int.MaxValue)) },
        TreeEntryKind.CharacterDevice or TreeEntryKind.BlockDevice => entry with { DeviceMajor = (uint)whats.Number(uint.MaxValue), DeviceMinor = (uint)whats.Number(uint.MaxValue) },
        _ => entry,
    };

    private TreePath Target(int index) => index < _entries.Count && _entries[index].Entry.Kind is not (TreeEntryKind.Directory or TreeEntryKind.HardLink)
        ? _entries[index].Entry.Path
        : throw DeltaErrors.Bad("it has a hard link to something that cannot have one");

    private static long Size(long size) => size is >= 0 and <= DeltaLimits.FileBytes ? size : throw DeltaErrors.Bad($"it has a file of {size} bytes");

    private static ExtendedAttribute[] ReadAttributes(ByteSource attributes)
    {
        var read = new ExtendedAttribute[attributes.Count(DeltaLimits.Attributes)];
        for (int i = 0; i < read.Length; i++)
            read[i] = new ExtendedAttribute(Encoding.UTF8.GetString(attributes.Text(255)), attributes.Text(DeltaLimits.AttributeBytes).ToArray());
        return read;
    }

    private ByteSource Stream(ListingStreams stream) => streams[(int)stream];
}
