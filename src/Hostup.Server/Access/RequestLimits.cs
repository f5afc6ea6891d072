using System.Globalization;
using System.Threading.RateLimiting;
using Hostup.Core.Errors;

namespace Hostup.Server.Access;

/// <summary>How many requests each caller may send: one that goes wrong costs itself, not the others.</summary>
internal static class RequestLimits
{
    public static void AddRequestLimits(this IServiceCollection services, ServerOptions options) => services.AddRateLimiter(limits =>
    {
        limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limits.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => context.Features.Get<Caller>() is { } caller
            ? RateLimitPartition.GetTokenBucketLimiter($"{caller.Kind}/{caller.Id}", _ => Bucket(options.RequestBurst, options.RequestsPerSecond))
            // health, the API document and the registry, whose callers are known later
            : RateLimitPartition.GetNoLimiter(""));
        limits.OnRejected = (rejected, _) => throw TooMany(rejected.HttpContext, rejected.Lease, "it has sent too many requests");
    });

    /// <summary>A store of permits that is full at first and is filled again each second.</summary>
    public static TokenBucketRateLimiterOptions Bucket(int burst, int perSecond) => new()
    {
        TokenLimit = burst,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
    };

    /// <summary>The refusal, with the time after which to ask again in the answer.</summary>
    public static HostupException TooMany(HttpContext context, RateLimitLease lease, string why)
    {
        var after = lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1);
        int seconds = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds));
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return new HostupException(HostupErrors.TooMany, "cannot answer the caller now", why, $"ask again in {seconds} s");
    }
}
