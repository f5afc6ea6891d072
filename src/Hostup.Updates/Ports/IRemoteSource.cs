using Hostup.Core.Wire;

namespace Hostup.Updates.Ports;

/// <summary>A server that a part of an update comes from, with what its connections carried.</summary>
public interface IRemoteSource
{
    /// <summary>Name in reports: delta, registry, fallback, or the host.</summary>
    string Name { get; }

    /// <summary>The server it comes from, as <c>host[:port]</c>: sources on one host are left alone together.</summary>
    string Host { get; }

    /// <summary>Bytes on the wire so far, without those that are <see cref="Retried"/>.</summary>
    CauseBytes Bytes { get; }

    /// <summary>Bytes on the wire so far that brought nothing, or what had been fetched before.</summary>
    CauseBytes Retried { get; }

    /// <summary>Whether it costs so much less than those behind it that it is waited for, as long as the policy says, while it is busy or cannot be reached.</summary>
    bool IsWorthAWait => false;
}
