namespace Hostup.Core.Rules;

/// <summary>May a device go from one version to another?</summary>
/// <param name="DeviceType">Slug.</param>
/// <param name="From">What it runs.</param>
/// <param name="To">What it is to run.</param>
public sealed record UpdateQuestion(string DeviceType, string From, string To)
{
    /// <summary>Name of the board as the device tree names it; null: not known, then no rule about boards holds.</summary>
    public string? Board { get; init; }

    /// <summary>Rolling version that the target, a long-term one, is built on; null: not known, then it is not compared.</summary>
    public string? ToBase { get; init; }

    /// <summary>Releases that there are, as stepping stones beside those of the rules.</summary>
    public IReadOnlyList<string> Releases { get; init => field = value ?? []; } = [];
}
