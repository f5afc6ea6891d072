namespace Hostup.Core.Errors;

/// <summary>Stable identity of an error: it survives rewording, is stored, counted and documented in docs/errors.md.</summary>
/// <param name="Id">Kebab-case word, unique and never reused, for example <c>boot-space</c>.</param>
/// <param name="Kind">What may be done about it.</param>
public sealed record HostupErrorCode(string Id, HostupErrorKind Kind)
{
    /// <inheritdoc/>
    public override string ToString() => Id;
}
