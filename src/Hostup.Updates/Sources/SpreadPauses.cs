namespace Hostup.Updates.Sources;

/// <summary>Spreads pauses, another way for each seed and each pause: devices that lost one server do not come back together.</summary>
/// <param name="seed">Another one for each device.</param>
public sealed class SpreadPauses(string seed)
{
    private int _pauses;

    /// <summary>Half to one and a half of a pause.</summary>
    public TimeSpan Next(TimeSpan pause)
    {
        uint hash = 2166136261; // FNV-1a
        foreach (char c in $"{seed}/{_pauses++}")
            hash = (hash ^ c) * 16777619;
        return pause * (0.5 + (hash / (double)uint.MaxValue));
    }
}
