using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Hostup.Core.Errors;

namespace Hostup.Server.Access;

/// <summary>Counts credentials that were wrong, and tries of passwords, by the address that they came from.</summary>
internal sealed class SignInFailures(ServerOptions options) : IDisposable
{
    private readonly PartitionedRateLimiter<string> _limiter = PartitionedRateLimiter.Create<string, string>(
        address => RateLimitPartition.GetTokenBucketLimiter(address, _ => RequestLimits.Bucket(options.FailureBurst, perSecond: 1)));

    // a right one counts too: whether it was right is known only after the work
    private readonly PartitionedRateLimiter<string> _passwords = PartitionedRateLimiter.Create<string, string>(
        address => RateLimitPartition.GetTokenBucketLimiter(address, _ => RequestLimits.Bucket(options.PasswordBurst, perSecond: 1)));

    /// <summary>A password is about to be compared or hashed, which costs the server work.</summary>
    /// <exception cref="HostupException"><c>too-many</c> when too many were.</exception>
    public void TryPassword(HttpContext context)
    {
        using var lease = _passwords.AttemptAcquire(AddressOf(context));
        if (!lease.IsAcquired)
            throw RequestLimits.TooMany(context, lease, "too many passwords were tried from its address");
    }

    /// <summary>One was wrong.</summary>
    /// <exception cref="HostupException"><c>too-many</c> when too many were.</exception>
    public void Count(HttpContext context)
    {
        using var lease = _limiter.AttemptAcquire(AddressOf(context));
        if (!lease.IsAcquired)
            throw RequestLimits.TooMany(context, lease, "too many wrong credentials came from its address");
    }

    public void Dispose()
    {
        _limiter.Dispose();
        _passwords.Dispose();
    }

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress is { } address ? Source(address) : "";

    /// <summary>Whom an address belongs to, as far as it tells: of IPv6 each has a network of 64 bits, and as many addresses in it as they like.</summary>
    internal static string Source(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }
}
