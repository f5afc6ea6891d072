using System.Net.Sockets;

namespace Hostup.Oci.Registries;

/// <summary>What is special about the sockets of a handler whose bytes are counted.</summary>
/// <param name="Prepare">Sets options before the socket connects.</param>
/// <param name="Open">The stream of a connected socket, which it owns.</param>
public sealed record SocketForm(Action<Socket> Prepare, Func<Socket, Stream> Open)
{
    /// <summary>Nothing.</summary>
    public static SocketForm Plain { get; } = new(_ => { }, socket => new NetworkStream(socket, ownsSocket: true));
}
