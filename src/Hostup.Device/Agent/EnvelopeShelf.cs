namespace Hostup.Device.Agent;

/// <summary>Envelopes that were fetched lately, so that a try that is repeated costs only what is missing. In memory, and bounded.</summary>
internal sealed class EnvelopeShelf
{
    /// <summary>A target names two, its release's and its updater's; the rest is room for the list of trusted keys that came before.</summary>
    public const int Most = 4;

    /// <summary>Bytes of all of them: as many as one may have.</summary>
    public const int MostBytes = 1 << 20;

    private readonly List<(Digest Digest, byte[] Content)> _kept = [];

    /// <summary>The envelope with this digest; null: it is not here.</summary>
    public byte[]? Find(Digest digest) => _kept.Find(k => k.Digest == digest).Content;

    /// <summary>Keeps one whose digest was checked; the oldest go.</summary>
    public void Keep(Digest digest, byte[] content)
    {
        _kept.Add((digest, content));
        while (_kept.Count > Most || _kept.Sum(k => k.Content.Length) > MostBytes)
            _kept.RemoveAt(0);
    }

    /// <summary>Gives the memory back.</summary>
    public void Clear() => _kept.Clear();
}
