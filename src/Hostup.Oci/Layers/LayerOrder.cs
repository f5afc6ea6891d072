using Hostup.Core.RootTrees;

namespace Hostup.Oci.Layers;

/// <summary>
/// Refuses a layer in which a whiteout comes after an entry that it would hide. The specification lets whiteouts hide only what lower
/// layers hold; one pass can honour that only when they come first, as every builder writes them.
/// </summary>
/// <remarks>Keeps 64-bit hashes of the paths of one layer; two paths with the same hash would refuse a good layer, never pass a bad one.</remarks>
internal sealed class LayerOrder
{
    private readonly HashSet<ulong> _seen = [];

    public void Check(TreeEntry entry)
    {
        var path = entry.Path.Bytes;
        switch (entry.Kind)
        {
            case TreeEntryKind.Whiteout when _seen.Contains(Hash(path, At)) || _seen.Contains(Hash(path, Below)):
            case TreeEntryKind.OpaqueDirectory when _seen.Contains(Hash(path, Below)):
                throw TarErrors.Bad($"a whiteout of {entry.Path} comes after an entry of the same layer that it would hide");
            case TreeEntryKind.Whiteout or TreeEntryKind.OpaqueDirectory:
                return;
        }
        if (_seen.Count > 2 * RootTree.MaxEntries)
            throw TarErrors.Bad($"it has more than {RootTree.MaxEntries} entries");
        _seen.Add(Hash(path, At));
        // Once a directory is marked, all above it are.
        while (path.LastIndexOf((byte)'/') is >= 0 and var slash)
        {
            path = path[..slash];
            if (!_seen.Add(Hash(path, Below)))
                return;
        }
        _seen.Add(Hash([], Below));
    }

    private const byte At = 1;
    private const byte Below = 2;

    /// <summary>FNV-1a.</summary>
    private static ulong Hash(ReadOnlySpan<byte> path, byte role)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in path)
            hash = (hash ^ b) * 1099511628211;
        return (hash ^ role) * 1099511628211;
    }
}
