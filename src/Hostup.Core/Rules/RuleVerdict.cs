namespace Hostup.Core.Rules;

/// <summary>What the rules say.</summary>
/// <param name="Allowed">Whether the device may go there in one update.</param>
/// <param name="Reason">One of <see cref="RuleReasons"/>.</param>
/// <param name="Sentence">The same for people.</param>
/// <param name="Path">Name of the path that was taken or that refused; null when none was chosen.</param>
/// <param name="Via">Stepping stones, in their order, when the device may go there in several updates; empty otherwise.</param>
public sealed record RuleVerdict(bool Allowed, string Reason, string Sentence, string? Path, IReadOnlyList<string> Via);
