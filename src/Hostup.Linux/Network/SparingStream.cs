using System.Net.Sockets;
using Hostup.Oci.Registries;

namespace Hostup.Linux.Network;

/// <summary>
/// A connection for one short exchange over TLS that takes few packets, for links on which each has its price: acknowledgements travel with data, the
/// end of the handshake with the request, and it is closed by one packet. The values are those of linux/tcp.h.
/// </summary>
internal sealed class SparingStream : NetworkStream
{
    private const int Tcp = 6;
    private const int Cork = 3;
    private const int QuickAck = 12;

    /// <summary>First byte of a TLS record of the kind ChangeCipherSpec: with it begins what a client sends last in a handshake that it does not wait for.</summary>
    private const byte EndOfHandshake = 0x14;

    private readonly Socket _socket;
    private bool _corked;

    private SparingStream(Socket socket)
        : base(socket, ownsSocket: true)
    {
        _socket = socket;
        Set(socket, QuickAck, false); // the kernel takes it back with the first packet
        socket.LingerState = new LingerOption(true, 0);
    }

    /// <summary>Sockets of this form.</summary>
    public static SocketForm Form { get; } = new(socket => Set(socket, QuickAck, false), socket => new SparingStream(socket));

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // The kernel holds a corked packet back for at most 200 ms: when nothing follows, nothing is lost.
        bool more = !_corked && buffer.Length > 0 && buffer.Span[0] == EndOfHandshake;
        if (more)
            Set(_socket, Cork, _corked = true);
        await base.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (!more && _corked)
            Set(_socket, Cork, _corked = false);
    }

    /// <summary>Resets the connection: who closes it has the whole answer, and the four packets of an orderly end tell nobody anything.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _socket.Dispose();
        base.Dispose(disposing);
    }

    private static void Set(Socket socket, int option, bool on) => socket.SetRawSocketOption(Tcp, option, BitConverter.GetBytes(on ? 1 : 0));
}
