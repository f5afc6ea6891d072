namespace Hostup.Core.Rules;

/// <summary>A range of first numbers, both ends included.</summary>
/// <param name="From">The lowest.</param>
/// <param name="To">The highest; null: no end.</param>
public sealed record MajorRange(long From, long? To = null)
{
    internal bool Contains(long major) => major >= From && (To is null || major <= To);
}
