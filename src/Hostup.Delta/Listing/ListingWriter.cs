using System.Buffers.Binary;
using System.Text;
using Hostup.Core.RootTrees;
using Hostup.Delta.Format;

namespace Hostup.Delta.Listing;

/// <summary>Writes the listing of the new tree in terms of the old one: what is unchanged costs a share of a run.</summary>
internal sealed class ListingWriter(IReadOnlyList<TreeEntry> old)
{
    private readonly ByteSink[] _streams = [.. Enumerable.Range(0, (int)ListingStreams.Count).Select(_ => new ByteSink())];
    private readonly Dictionary<TreePath, int> _indexes = [];
    private int _last = -1;
    private int _run;
    private TreePath _path;
    private TreeEntry _before = new() { Path = TreePath.Root, Kind = TreeEntryKind.Directory };
    private long _time;

    /// <param name="entries">The new tree in canonical order.</param>
    /// <param name="late">Indexes of files that are written after all others, in that order.</param>
    public IReadOnlyList<ReadOnlyMemory<byte>> Write(IReadOnlyList<ListedEntry> entries, IReadOnlyList<int> late)
    {
        for (int i = 0; i < entries.Count; i++)
        {
            Add(entries[i]);
            _indexes[entries[i].Entry.Path] = i;
            (_path, _before) = (entries[i].Entry.Path, entries[i].Entry);
        }
        EndRun();
        Stream(ListingStreams.Late).PutNumber(late.Count);
        foreach (int index in late)
            Stream(ListingStreams.Late).PutNumber(index);
        Span<byte> check = stackalloc byte[ListingCheck.Bytes];
        BinaryPrimitives.WriteUInt64LittleEndian(check, ListingCheck.Of(entries.Select(e => e.Entry)));
        Stream(ListingStreams.Late).Put(check);
        return [.. _streams.Select(s => s.Written)];
    }

    private void Add(ListedEntry listed)
    {
        var entry = listed.Entry;
        var like = listed.Like < 0 ? null : old[listed.Like];
        var codes = (like is not null ? ListingCodes.Like : 0)
            | (like is not null && listed.Like != _last + 1 ? ListingCodes.Jump : 0)
            | (like?.Path != entry.Path ? ListingCodes.Path : 0)
            | (ListingEquality.SameOwner(entry, like ?? _before) ? 0 : ListingCodes.Owner)
            | (like is not null && entry.ModifiedSeconds == like.ModifiedSeconds ? 0 : ListingCodes.Time)
            | (like is not null && ListingEquality.SameWhat(entry, like) ? 0 : ListingCodes.What)
            | (like is not null ? ListingEquality.SameAttributes(entry, like) : entry.ExtendedAttributes is []) switch { true => 0, false => ListingCodes.Attributes }
            | (listed.Framed ? ListingCodes.Framed : 0);
        if (like is not null)
            _last = listed.Like;
        if (codes == ListingCodes.Like)
        {
            _run++;
            return;
        }
        EndRun();
        Stream(ListingStreams.Codes).Put((byte)codes);
        if (codes.HasFlag(ListingCodes.Jump))
            Stream(ListingStreams.Numbers).PutNumber(listed.Like);
        if (like is null)
            Stream(ListingStreams.Owners).Put((byte)entry.Kind);
        if (codes.HasFlag(ListingCodes.Path))
            PutPath(entry.Path, like);
        PutFields(codes, entry, like);
    }

    private void PutPath(TreePath path, TreeEntry? like)
    {
        // the parent is the entry before, or one that holds it
        Stream(ListingStreams.Numbers).PutNumber(Depth(_path) - Depth(path.Parent));
        bool sameName = like is not null && path.Name.SequenceEqual(like.Path.Name);
        Stream(ListingStreams.Names).PutText(sameName ? [] : path.Name);
    }

    private void PutFields(ListingCodes codes, TreeEntry entry, TreeEntry? like)
    {
        if (codes.HasFlag(ListingCodes.Owner))
        {
            Stream(ListingStreams.Owners).PutNumber(entry.Mode);
            Stream(ListingStreams.Owners).PutNumber(entry.UserId);
            Stream(ListingStreams.Owners).PutNumber(entry.GroupId);
        }
        if (codes.HasFlag(ListingCodes.Time))
        {
            Stream(ListingStreams.Times).PutSigned(entry.ModifiedSeconds - _time);
            _time = entry.ModifiedSeconds;
        }
        if (codes.HasFlag(ListingCodes.What))
            PutWhat(Stream(ListingStreams.Whats), entry, like);
        if (codes.HasFlag(ListingCodes.Attributes))
            PutAttributes(Stream(ListingStreams.Attributes), entry);
    }

    private void PutWhat(ByteSink whats, TreeEntry entry, TreeEntry? like)
    {
        switch (entry.Kind)
        {
            case TreeEntryKind.File:
                whats.PutSigned(entry.Size - (like?.Size ?? 0));
                break;
            case TreeEntryKind.SymbolicLink:
                whats.PutText(entry.SymbolicTarget.Span);
                break;
            case TreeEntryKind.HardLink:
                whats.PutNumber(_indexes[entry.LinkTarget]);
                break;
            case TreeEntryKind.CharacterDevice or TreeEntryKind.BlockDevice:
                whats.PutNumber(entry.DeviceMajor);
                whats.PutNumber(entry.DeviceMinor);
                break;
        }
    }

    private static void PutAttributes(ByteSink attributes, TreeEntry entry)
    {
        attributes.PutNumber(entry.ExtendedAttributes.Count);
        foreach (var attribute in entry.ExtendedAttributes)
        {
            attributes.PutText(Encoding.UTF8.GetBytes(attribute.Name));
            attributes.PutText(attribute.Value.Span);
        }
    }

    private void EndRun()
    {
        if (_run == 0)
            return;
        Stream(ListingStreams.Codes).Put((byte)ListingCodes.Run);
        Stream(ListingStreams.Numbers).PutNumber(_run);
        _run = 0;
    }

    private ByteSink Stream(ListingStreams stream) => _streams[(int)stream];

    internal static int Depth(TreePath path) => path.IsRoot ? 0 : path.Bytes.Count((byte)'/') + 1;
}
