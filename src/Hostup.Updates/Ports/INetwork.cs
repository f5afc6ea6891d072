namespace Hostup.Updates.Ports;

/// <summary>The device's way to other machines.</summary>
public interface INetwork
{
    /// <summary>Whether its bytes cost money, as the network's own software says; null: nobody says.</summary>
    ValueTask<bool?> IsMeteredAsync(CancellationToken ct);

    /// <summary>What crossed the interfaces that lead out of the device, whoever sent it, with all headers; empty when none can be read.</summary>
    IReadOnlyList<InterfaceBytes> Count();

    /// <summary>TCP connections of the container engine, those that were closed since the last call too; empty when the kernel does not tell.</summary>
    IReadOnlyList<EngineConnection> EngineConnections();
}

/// <summary>Counters of one interface, since the kernel made it.</summary>
/// <param name="Name">For example <c>eth0</c>.</param>
/// <param name="Received">Bytes received.</param>
/// <param name="Sent">Bytes sent.</param>
public sealed record InterfaceBytes(string Name, long Received, long Sent);

/// <summary>What one connection of the container engine has carried since it was made.</summary>
/// <param name="Id">The kernel's number for it, used once a boot.</param>
/// <param name="LeavesDevice">Whether its other end is another machine.</param>
/// <param name="Received">Bytes received, without headers of TCP and IP.</param>
/// <param name="Sent">Bytes sent and acknowledged.</param>
public sealed record EngineConnection(long Id, bool LeavesDevice, long Received, long Sent);
