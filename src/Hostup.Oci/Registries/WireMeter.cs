using System.Net;
using System.Net.Sockets;

namespace Hostup.Oci.Registries;

/// <summary>
/// Counts every byte that crosses the sockets of one HTTP handler, below TLS: handshakes, headers and bodies, also those that the kernel had
/// received and nobody read. TCP and IP headers are not seen. Can hold reading back to a rate. Thread-safe.
/// </summary>
/// <param name="rate">Shared with whom it is to be kept together; null: none.</param>
public sealed class WireMeter(RateLimit? rate = null)
{
    /// <summary>
    /// What the kernel may hold for us (it doubles the number for its own book-keeping). It is lost with the process and fetched again, so
    /// it is small; 256 KiB still fill 400 kB/s at 600 ms.
    /// </summary>
    private const int ReceiveBufferBytes = 256 << 10;

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(30);

    private long _received;
    private long _sent;
    private int _connections;

    /// <summary>The rate that is kept.</summary>
    public RateLimit Rate { get; } = rate ?? new RateLimit(TimeProvider.System, () => 0);

    /// <summary>Connections made so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Bytes received so far.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Bytes sent so far.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>A handler as <see cref="RegistryClient"/> relies on, whose connections are counted here. An answer that is given up is not read to its end.</summary>
    public SocketsHttpHandler NewHandler() => Count(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = ConnectWithin,
    });

    /// <summary>Counts the connections of a handler with certificates and proxy of the caller's here; nothing may have been sent through it.</summary>
    /// <param name="handler">The handler.</param>
    /// <param name="form">What is special about its sockets; null: nothing.</param>
    public SocketsHttpHandler Count(SocketsHttpHandler handler, SocketForm? form = null)
    {
        form ??= SocketForm.Plain;
        handler.MaxResponseDrainSize = 0;
        handler.ConnectCallback = async (context, ct) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = ReceiveBufferBytes };
            try
            {
                form.Prepare(socket);
                await socket.ConnectAsync(context.DnsEndPoint, ct).ConfigureAwait(false);
                Interlocked.Increment(ref _connections);
                return new MeteredStream(this, socket, form.Open(socket));
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        return handler;
    }

    private void Receive(int bytes)
    {
        Interlocked.Add(ref _received, bytes);
        Rate.Take(bytes);
    }

    private sealed class MeteredStream(WireMeter meter, Socket socket, Stream inner) : Stream
    {
        private bool _disposed;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int most = await meter.Rate.WaitAsync(buffer.Length, cancellationToken).ConfigureAwait(false);
            int read = await inner.ReadAsync(buffer[..most], cancellationToken).ConfigureAwait(false);
            meter.Receive(read);
            return read;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            Interlocked.Add(ref meter._sent, buffer.Length);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = inner.Read(buffer, offset, count);
            meter.Receive(read);
            return read;
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            inner.Write(buffer, offset, count);
            Interlocked.Add(ref meter._sent, count);
        }

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing && !_disposed)
            {
                _disposed = true;
                meter.Receive(Unread());
                inner.Dispose();
            }
            base.Dispose(disposing);
        }

        /// <summary>It was on the wire, though nobody wants it any more.</summary>
        private int Unread()
        {
            try
            {
                return socket.Available;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return 0; // a reset took it away
            }
        }
    }
}
