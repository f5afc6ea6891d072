using Hostup.Core;

namespace Hostup.Lab.Sim;

/// <summary>A simulated root partition.</summary>
public sealed class SimSlot(string label, int partitionNumber)
{
    private SortedDictionary<string, byte[]>? _medium;
    private Guid? _mediumUuid;

    public string Label => label;

    public int PartitionNumber => partitionNumber;

    /// <summary>Files that are seen; null: no file system.</summary>
    public SortedDictionary<string, byte[]>? Files { get; private set; }

    public Guid? Uuid { get; private set; }

    /// <summary>Tree digest; null without a file system.</summary>
    public Digest? TreeDigest => Files is null ? null : SimRelease.DigestOf(Files);

    public void Provision(SimRelease release)
    {
        Files = new(release.Files, StringComparer.Ordinal);
        Uuid = Guid.Empty;
        Flush();
    }

    /// <summary>What was there is gone, but nothing is there yet.</summary>
    public void Wipe()
    {
        Files = null;
        Uuid = null;
        Flush();
    }

    public void Format(Guid uuid)
    {
        Files = new(StringComparer.Ordinal);
        Uuid = uuid;
        Flush();
    }

    public void Flush()
    {
        _medium = Files is null ? null : new(Files, StringComparer.Ordinal);
        _mediumUuid = Uuid;
    }

    public void PowerCut(Unflushed unflushed)
    {
        if (unflushed == Unflushed.Torn && Files is not null && _medium is not null)
            Tear(Files, _medium);
        else if (unflushed == Unflushed.Kept)
        {
            Flush();
        }
        Files = _medium is null ? null : new(_medium, StringComparer.Ordinal);
        Uuid = _mediumUuid;
    }

    /// <summary>Half of what was not flushed is there, the last of it in part; what was flushed stays.</summary>
    private static void Tear(SortedDictionary<string, byte[]> seen, SortedDictionary<string, byte[]> medium)
    {
        var changed = seen.Where(f => !medium.TryGetValue(f.Key, out var flushed) || !flushed.AsSpan().SequenceEqual(f.Value)).ToList();
        var reached = changed.Take((changed.Count + 1) / 2).ToList();
        foreach (var (path, content) in reached)
        {
            int flushed = medium.GetValueOrDefault(path, []).Length;
            bool last = path == reached[^1].Key;
            medium[path] = last ? content[..Math.Max(Math.Min(flushed, content.Length), content.Length / 2)] : content;
        }
    }
}
