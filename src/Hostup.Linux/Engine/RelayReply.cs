using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Engine;

/// <summary>One answer to an engine; its connection ends with it.</summary>
/// <param name="stream">The connection.</param>
internal sealed class RelayReply(NetworkStream stream) : IBlobTaker
{
    /// <summary>It unpacks meanwhile, on slow cards.</summary>
    private static readonly TimeSpan TakeWithin = TimeSpan.FromMinutes(10);

    private string _digest = "";
    private long _size;

    /// <summary>Whether something of it was given: nothing else can be said any more.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Says which blob is to come.</summary>
    public RelayReply For(Digest digest, long size)
    {
        (_digest, _size) = (digest.ToString(), size);
        return this;
    }

    /// <summary>A whole answer.</summary>
    /// <param name="status">Status and reason.</param>
    /// <param name="headers">Lines of the head, each with its end.</param>
    /// <param name="body">The body.</param>
    /// <param name="withBody">Whether it is sent, or only announced.</param>
    /// <param name="ct">Ends it.</param>
    public async ValueTask GiveAsync(string status, string headers, ReadOnlyMemory<byte> body, bool withBody, CancellationToken ct)
    {
        await HeadAsync(status, headers, body.Length, ct).ConfigureAwait(false);
        if (withBody)
            await TakeAsync(body, ct).ConfigureAwait(false);
    }

    /// <summary>The head of a whole blob, alone.</summary>
    public ValueTask AnnounceAsync(CancellationToken ct) => BeginAsync(0, ct);

    /// <inheritdoc/>
    public ValueTask BeginAsync(long from, CancellationToken ct) => HeadAsync(
        from == 0 ? "200 OK" : "206 Partial Content",
        $"Content-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\nDocker-Content-Digest: {_digest}\r\n"
            + (from == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"Content-Range: bytes {from}-{_size - 1}/{_size}\r\n")),
        _size - from, ct);

    /// <inheritdoc/>
    public async ValueTask TakeAsync(ReadOnlyMemory<byte> piece, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TakeWithin);
        try
        {
            await stream.WriteAsync(piece, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new IOException($"the engine took nothing for {TakeWithin.TotalMinutes} minutes", e);
        }
    }

    private ValueTask HeadAsync(string status, string headers, long length, CancellationToken ct)
    {
        HasBegun = true;
        return TakeAsync(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"HTTP/1.1 {status}\r\nDocker-Distribution-Api-Version: registry/2.0\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n")), ct);
    }
}
