using Hostup.Core.Wire;

namespace Hostup.Updates.Sources;

/// <summary>Whether one try of a source brings bytes fast enough to be worth another one: a source that drips is as good as gone, when there is a next one.</summary>
/// <param name="terms">On what terms is fetched.</param>
public sealed class TryPace(IFetchTerms terms)
{
    /// <summary>A fifth of what GPRS gives one of its users (40 kbit/s).</summary>
    private const long LeastBytesPerSecond = 1024;

    private readonly TimeSpan _began = terms.Clock.Elapsed;

    /// <summary>Whether so many bytes are enough for the time since the try began. Who is held back by the policy brings no more than that allows.</summary>
    public bool IsEnough(long bytes) => bytes >= Least(terms.Policy) * (terms.Clock.Elapsed - _began).TotalSeconds;

    private static long Least(UpdatePolicy policy) => policy.BytesPerSecond > 0 ? Math.Min(LeastBytesPerSecond, policy.BytesPerSecond / 2) : LeastBytesPerSecond;
}
