using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Delta.Building;
using Hostup.Delta.Listing;

namespace Hostup.Delta.Matching;

/// <summary>Says for each entry of the new tree which old entry it is like, and for each new content where it best comes from.</summary>
internal sealed class TreeMatch
{
    private readonly SpooledTree _old;
    private readonly Dictionary<TreePath, int> _oldByPath = [];
    private readonly Dictionary<Digest, int> _oldByContent = [];
    private readonly Dictionary<string, List<int>> _oldByShape = [];
    private readonly Dictionary<string, List<int>> _oldByName = [];

    public TreeMatch(SpooledTree old, SpooledTree target)
    {
        _old = old;
        var kept = target.Entries.Select(e => e.Path).ToHashSet();
        for (int i = 0; i < old.Entries.Count; i++)
        {
            var entry = old.Entries[i];
            _oldByPath[entry.Path] = i;
            if (entry.Kind == TreeEntryKind.File)
            {
                _oldByContent.TryAdd(old.ContentOf(i), i);
                Add(_oldByName, Shapes.Of(entry.Path.Name), i);
            }
            // what keeps its path is like itself and nothing else
            if (!kept.Contains(entry.Path))
                Add(_oldByShape, Shapes.Of(entry.Path.Bytes), i);
        }
        Entries = [.. target.Entries.Select((e, i) => Match(CanonicalEntry.Of(e), e.Kind == TreeEntryKind.File ? target.ContentOf(i) : null))];
    }

    /// <summary>The new tree in canonical order.</summary>
    public IReadOnlyList<ListedEntry> Entries { get; }

    /// <summary>An old file with exactly this content; -1: none.</summary>
    public int SameContent(Digest content) => _oldByContent.GetValueOrDefault(content, -1);

    /// <summary>The old file that a new content is probably made from; -1: none.</summary>
    public int Source(ListedEntry listed)
    {
        if (listed.Like >= 0 && _old.Entries[listed.Like].Size > 0)
            return listed.Like;
        return _oldByName.TryGetValue(Shapes.Of(listed.Entry.Path.Name), out var named) ? Nearest(named, listed.Entry) : -1;
    }

    private ListedEntry Match(TreeEntry entry, Digest? content)
    {
        int like = Like(entry, content);
        return new ListedEntry(entry, like, content is { } c && (like < 0 || _old.ContentOf(like) != c));
    }

    private int Like(TreeEntry entry, Digest? content)
    {
        if (_oldByPath.TryGetValue(entry.Path, out int same) && _old.Entries[same].Kind == entry.Kind)
            return same;
        if (_oldByShape.TryGetValue(Shapes.Of(entry.Path.Bytes), out var shaped) && Nearest([.. shaped.Where(i => _old.Entries[i].Kind == entry.Kind)], entry) is >= 0 and var renamed)
            return renamed;
        return content is { } c ? SameContent(c) : -1;
    }

    /// <summary>The one with the same name, else of most nearly the same size, else in the nearest place; the first of equals.</summary>
    private int Nearest(IReadOnlyList<int> candidates, TreeEntry entry) => candidates.Count == 0
        ? -1
        : candidates.MinBy(i => (_old.Entries[i].Path.Name.SequenceEqual(entry.Path.Name) ? 0 : 1, Math.Abs(_old.Entries[i].Size - entry.Size), -Common(_old.Entries[i].Path, entry.Path)));

    private static int Common(TreePath a, TreePath b) => a.Bytes.CommonPrefixLength(b.Bytes);

    private static void Add(Dictionary<string, List<int>> lists, string key, int entry)
    {
        if (!lists.TryGetValue(key, out var list))
            lists[key] = list = [];
        list.Add(entry);
    }
}
