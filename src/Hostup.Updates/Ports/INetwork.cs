namespace Hostup.Updates.Ports;

/// <summary>The device's way to other machines.</summary>
public interface INetwork
{
    /// <summary>Whether its bytes cost money, as the network's own software says; null: nobody says.</summary>
    ValueTask<bool?> IsMeteredAsync(CancellationToken ct);

    /// <summary>What crossed the interfaces that lead out of the device, whoever sent it, with all headers; empty when none can be read.</summary>
    IReadOnlyList<InterfaceBytes> Count();
}

/// <summary>Counters of one interface, since the kernel made it.</summary>
/// <param name="Name">For example <c>eth0</c>.</param>
/// <param name="Received">Bytes received.</param>
/// <param name="Sent">Bytes sent.</param>
public sealed record InterfaceBytes(string Name, long Received, long Sent);
