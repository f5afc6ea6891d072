using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Hostup.Lab.Networks;

/// <summary>
/// A slow link between devices and a server on this machine, on a real socket: passes TCP on, whatever runs over it, at one speed and with one delay
/// each way for all connections together.
/// </summary>
public sealed class SlowLink : IAsyncDisposable
{
    // Pieces a second: like a link and not like a valve.
    private const int Beats = 10;

    // What is on its way at once on one connection: a minute of the slowest link.
    private const int MostPieces = 600;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _serving = [];
    private readonly int _toPort;
    private readonly Task _accepting;
    private readonly Direction _down;
    private readonly Direction _up;

    /// <param name="toPort">Port of the server on this machine's loopback.</param>
    /// <param name="bytesPerSecond">Most bytes a second, each way.</param>
    /// <param name="roundTrip">Delay there and back.</param>
    public SlowLink(int toPort, long bytesPerSecond, TimeSpan roundTrip)
    {
        (_toPort, _down, _up) = (toPort, new Direction(bytesPerSecond, roundTrip / 2), new Direction(bytesPerSecond, roundTrip / 2));
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Where devices find the server.</summary>
    public int Port { get; }

    /// <summary>Bytes that went to devices, without headers of TCP and IP.</summary>
    public long Sent => _down.Bytes;

    /// <summary>Bytes that came from devices.</summary>
    public long Received => _up.Bytes;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_serving);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _serving.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket device)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (device)
        {
            device.NoDelay = true;
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _toPort, _stop.Token);
                await Task.WhenAll(_up.PassAsync(device, server, _stop.Token), _down.PassAsync(server, device, _stop.Token));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // One side went away; the other side's socket is closed with this one.
            }
        }
    }

    /// <summary>One way of the link, shared by all connections.</summary>
    private sealed class Direction(long bytesPerSecond, TimeSpan delay)
    {
        private readonly Lock _lock = new();
        private readonly long _began = TimeProvider.System.GetTimestamp();
        private TimeSpan _free;
        private long _bytes;

        public long Bytes => Interlocked.Read(ref _bytes);

        private TimeSpan Now => TimeProvider.System.GetElapsedTime(_began);

        public async Task PassAsync(Socket from, Socket to, CancellationToken ct)
        {
            var onTheWay = Channel.CreateBounded<(byte[] Piece, TimeSpan Arrives)>(MostPieces);
            var arriving = DeliverAsync(onTheWay.Reader, to, ct);
            byte[] buffer = new byte[Math.Max(1, bytesPerSecond / Beats)];
            try
            {
                while (await from.ReceiveAsync(buffer, ct) is > 0 and var count)
                {
                    var crossed = Take(count);
                    await onTheWay.Writer.WriteAsync((buffer[..count], crossed + delay), ct);
                    await UntilAsync(crossed, ct);
                }
            }
            finally
            {
                onTheWay.Writer.Complete();
            }
            await arriving;
        }

        private async Task DeliverAsync(ChannelReader<(byte[] Piece, TimeSpan Arrives)> pieces, Socket to, CancellationToken ct)
        {
            await foreach (var (piece, arrives) in pieces.ReadAllAsync(ct))
            {
                await UntilAsync(arrives, ct);
                Interlocked.Add(ref _bytes, piece.Length); // who has received it must find it counted
                await to.SendAsync(piece, ct);
            }
            to.Shutdown(SocketShutdown.Send);
        }

        /// <summary>When the link has taken these bytes as well.</summary>
        private TimeSpan Take(int bytes)
        {
            lock (_lock)
                return _free = (_free > Now ? _free : Now) + TimeSpan.FromSeconds(bytes / (double)bytesPerSecond);
        }

        private async Task UntilAsync(TimeSpan time, CancellationToken ct)
        {
            if (time - Now is { Ticks: > 0 } early)
                await Task.Delay(early, ct);
        }
    }
}
