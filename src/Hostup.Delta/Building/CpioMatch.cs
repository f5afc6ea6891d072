using System.Globalization;
using System.Text;
using Hostup.Core;
using Hostup.Delta.Matching;
using Hostup.Delta.Patching;

namespace Hostup.Delta.Building;

/// <summary>
/// Makes the pieces of a first root (cpio, "newc" form of the kernel's initramfs buffer format): its files are mostly files of the new
/// root too, or of the old first root.
/// </summary>
internal sealed class CpioMatch
{
    private const int HeadBytes = 110;
    private static readonly byte[] Magic = [.. "070701"u8];

    private readonly byte[] _old;
    private readonly Func<Digest, int> _newFile;
    private readonly Func<int, byte[]> _read;
    private readonly PieceList _pieces = new();
    private readonly Dictionary<string, Member> _oldMembers = [];
    private readonly Dictionary<int, long> _placed = [];
    private readonly List<PatchSource> _sources;
    private readonly List<byte[]> _contents;
    private long _end;

    /// <param name="old">The old first root, unpacked.</param>
    /// <param name="source">As a source.</param>
    /// <param name="newFile">Index of a file of the new tree with a content; -1: none.</param>
    /// <param name="read">Reads such a file.</param>
    public CpioMatch(byte[] old, PatchSource source, Func<Digest, int> newFile, Func<int, byte[]> read)
    {
        (_old, _newFile, _read, _sources, _contents, _end) = (old, newFile, read, [source], [old], old.Length);
        foreach (var member in Members(old))
            _oldMembers.TryAdd(member.Name, member);
    }

    public IReadOnlyList<PatchSource> Sources => _sources;

    /// <summary>All sources, one after another.</summary>
    public byte[] Old
    {
        get
        {
            byte[] all = new byte[_end];
            int at = 0;
            foreach (byte[] content in _contents)
            {
                content.CopyTo(all, at);
                at += content.Length;
            }
            return all;
        }
    }

    public static bool IsArchive(ReadOnlySpan<byte> inner) => inner.StartsWith(Magic);

    public IReadOnlyList<PatchPiece> Match(byte[] target)
    {
        int done = 0;
        foreach (var member in Members(target))
        {
            _pieces.AddFresh(member.Start - done);
            bool known = _oldMembers.TryGetValue(member.Name, out var old);
            if (known && old.Content - old.Start == member.Content - member.Start)
                _pieces.AddAlike(old.Start, member.Content - member.Start);
            else
                _pieces.AddFresh(member.Content - member.Start);
            var content = target.AsSpan(member.Content, member.Length);
            if (member.Length > 0 && _newFile(Digest.Of(content)) is >= 0 and var file)
                _pieces.AddAlike(PlaceOf(file), member.Length);
            else if (known && old.Length > 0)
                AddPatch(_old.AsSpan(old.Content, old.Length).ToArray(), old.Content, content);
            else
                _pieces.AddFresh(member.Length);
            done = member.Content + member.Length;
        }
        _pieces.AddFresh(target.Length - done);
        return _pieces.Pieces;
    }

    private void AddPatch(byte[] old, int position, ReadOnlySpan<byte> target)
    {
        foreach (var piece in new PatchMaker(new OldContent(old, old.Length)).Make(target))
        {
            _pieces.AddAlike(position + piece.OldPosition, piece.Alike);
            _pieces.AddFresh(piece.Fresh);
        }
    }

    private long PlaceOf(int file)
    {
        if (_placed.TryGetValue(file, out long place))
            return place;
        byte[] content = _read(file);
        _sources.Add(new PatchSource(SourceKind.New, file, default));
        _contents.Add(content);
        _placed[file] = _end;
        _end += content.Length;
        return _placed[file];
    }

    private static IEnumerable<Member> Members(byte[] archive)
    {
        for (int at = 0; at + HeadBytes <= archive.Length;)
        {
            if (!archive.AsSpan(at).StartsWith(Magic))
            {
                at += 4; // padding between archives
                continue;
            }
            int length = Field(archive, at + 54), name = Field(archive, at + 94);
            int content = (at + HeadBytes + name + 3) & ~3;
            if (length < 0 || name <= 0 || content < 0 || content > archive.Length - length)
                yield break;
            yield return new Member(Shapes.Of(archive.AsSpan(at + HeadBytes, name)), at, content, length);
            at = (content + length + 3) & ~3;
        }
    }

    private static int Field(byte[] archive, int at) =>
        int.TryParse(Encoding.ASCII.GetString(archive, at, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) ? value : -1;

    /// <summary>One file of an archive: where its header begins, where its content.</summary>
    private readonly record struct Member(string Name, int Start, int Content, int Length);
}
