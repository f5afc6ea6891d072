using System.Net;
using Hostup.Core.Wire;
using Hostup.Linux.Network;
using Hostup.Oci.Registries;

namespace Hostup.Linux.Sources;

/// <summary>The connections to one source: counted at the socket, held to the rate and the budget of the policy.</summary>
public sealed class SourceLink : IDisposable
{
    /// <param name="policy">How the image may be fetched.</param>
    /// <param name="time">Clock of the rate.</param>
    /// <param name="limits">How long a server is waited for; null: a minute.</param>
    /// <param name="connections">Certificates and proxy; null: those of the OS and none.</param>
    public SourceLink(UpdatePolicy policy, TimeProvider time, RegistryLimits? limits = null, ServerConnections? connections = null)
        : this(new RateLimit(time, () => policy.BytesPerSecond), limits, connections)
    {
    }

    /// <param name="rate">Shared by all links of an attempt.</param>
    /// <param name="limits">How long a server is waited for; null: a minute.</param>
    /// <param name="connections">Certificates and proxy; null: those of the OS and none.</param>
    public SourceLink(RateLimit rate, RegistryLimits? limits = null, ServerConnections? connections = null)
    {
        Limits = limits ?? RegistryLimits.Default;
        Wire = new WireMeter(rate);
        Http = new HttpClient(connections is null ? Wire.NewHandler() : Wire.Count(connections.NewHandler(DecompressionMethods.None))) { Timeout = Timeout.InfiniteTimeSpan };
        Counter = new TransferCounter { Wire = Wire };
    }

    /// <summary>What crossed the sockets.</summary>
    public WireMeter Wire { get; }

    /// <summary>Sends requests.</summary>
    public HttpClient Http { get; }

    /// <summary>Counts bodies and what was in vain.</summary>
    public TransferCounter Counter { get; }

    /// <summary>How long a server is waited for.</summary>
    public RegistryLimits Limits { get; }

    /// <summary>Bytes that the attempt may still receive; null: as many as are wanted.</summary>
    public Func<long>? BytesLeft { get; init; }

    /// <inheritdoc/>
    public void Dispose() => Http.Dispose();
}
