namespace Hostup.Server.Access;

/// <summary>What a caller may see at all. Every query of theirs says it, so that what is outside is not there.</summary>
/// <param name="Organisation">Id of the organisation.</param>
/// <param name="Fleet">Id of the one fleet whose devices they see; null: all devices of the organisation.</param>
internal sealed record Scope(string Organisation, string? Fleet)
{
    public static ValueTask<Scope?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Caller>()?.Scope);
}
