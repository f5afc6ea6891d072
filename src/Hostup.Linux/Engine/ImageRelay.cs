using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Supervisor;

namespace Hostup.Linux.Engine;

/// <summary>
/// A registry on a loopback port of its own, for one pull of one image. Engines take plain HTTP from 127.0.0.0/8. Another user of this machine does not know the
/// secret in the name and gets nothing; who knows it gets the image's own documents and blobs by digest, and nothing else.
/// </summary>
public sealed class ImageRelay : IAsyncDisposable
{
    /// <summary>Engines have some three at a time.</summary>
    private const int MostConnections = 16;

    private static readonly TimeSpan HeadWithin = TimeSpan.FromSeconds(10);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _free = new(MostConnections);
    private readonly RelayedImage _image;
    private readonly Digest _digest;
    private readonly Task _accepting;
    private bool _ended;

    /// <summary>Begins to listen.</summary>
    /// <param name="name">The image.</param>
    /// <param name="feed">What is passed on.</param>
    /// <param name="waits">Called when the engine begins to wait for a part; what it returns is disposed when it has it. Null: nobody wants to know.</param>
    public ImageRelay(EngineImageName name, ImageFeed feed, Func<IDisposable>? waits = null)
    {
        _image = new RelayedImage($"{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}/{name.Repository}", name.Digest, feed, waits);
        _digest = name.Digest;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Host and port.</summary>
    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>The image as the engine has to ask for it.</summary>
    public string ImageName => $"{Address}/{_image.Repository}@{_digest}";

    /// <summary>Why nothing comes any more; null: something may.</summary>
    public HostupException? Fault => _image.Fault;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_ended)
            return;
        _ended = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        _listener.Dispose();
        _free.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                await _free.WaitAsync(_stop.Token).ConfigureAwait(false);
                var socket = await _listener.AcceptSocketAsync(_stop.Token).ConfigureAwait(false);
                serving.RemoveAll(t => t.IsCompleted);
                serving.Add(ServeAsync(socket));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The pull has ended, or the engine will find nobody here and say so.
        }
        await Task.WhenAll(serving).ConfigureAwait(false);
    }

    private async Task ServeAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            socket.NoDelay = true;
            var reply = new RelayReply(stream);
            var request = await ReadAsync(stream).ConfigureAwait(false);
            await _image.AnswerAsync(request, reply, _stop.Token).ConfigureAwait(false);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is HostupException or IOException or SocketException or OperationCanceledException)
        {
            // The engine went away, or sees an answer that breaks off, and asks again; why nothing comes any more is in Fault.
        }
        finally
        {
            _free.Release();
        }
    }

    private async Task<RelayRequest?> ReadAsync(NetworkStream stream)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(HeadWithin);
        byte[] head = new byte[RelayRequest.MaxBytes];
        for (int read = 0; read < head.Length;)
        {
            int more = await stream.ReadAsync(head.AsMemory(read), limit.Token).ConfigureAwait(false);
            read += more;
            // An engine that begins with TLS is told at once that there is none.
            if (more == 0 || !char.IsAsciiLetterUpper((char)head[0]))
                return null;
            if (head.AsSpan(0, read).EndsWith("\r\n\r\n"u8))
                return RelayRequest.Parse(head.AsSpan(0, read));
        }
        return null;
    }
}
