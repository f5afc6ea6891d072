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
        if (unflushed == Unflushed.Torn && Files is { Count: > 0 } && _medium is not null)
        {
            foreach (var (path, content) in Files.Take((Files.Count + 1) / 2))
                _medium[path] = content;
            string last = _medium.Keys.Last();
            if (Files.Count > 1 && _medium.Count < Files.Count)
                _medium[last] = _medium[last][..(_medium[last].Length / 2)];
        }
        else if (unflushed == Unflushed.Kept)
        {
            Flush();
        }
        Files = _medium is null ? null : new(_medium, StringComparer.Ordinal);
        Uuid = _mediumUuid;
    }
}
