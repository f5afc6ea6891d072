using System.Threading.RateLimiting;
using Hostup.Core.Errors;

namespace Hostup.Server.Access;

/// <summary>Counts credentials that were wrong, by the address that they came from.</summary>
internal sealed class SignInFailures(ServerOptions options) : IDisposable
{
    private readonly PartitionedRateLimiter<string> _limiter = PartitionedRateLimiter.Create<string, string>(
        address => RateLimitPartition.GetTokenBucketLimiter(address, _ => RequestLimits.Bucket(options.FailureBurst, perSecond: 1)));

    /// <summary>One was wrong.</summary>
    /// <exception cref="HostupException"><c>too-many</c> when too many were.</exception>
    public void Count(HttpContext context)
    {
        using var lease = _limiter.AttemptAcquire(AddressOf(context));
        if (!lease.IsAcquired)
            throw RequestLimits.TooMany(context, lease, "too many wrong credentials came from its address");
    }

    public void Dispose() => _limiter.Dispose();

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "";
}
