using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Delta.Format;

namespace Hostup.Linux.Deltas;

/// <summary>
/// The parts of a delta, fetched as they are asked for, one request each. What is asked for as a whole frame is compared with the frame's digest, and
/// fetched once more when it is another one. Outlives the readers of one process: what came of a part that broke off is kept for the next.
/// </summary>
/// <param name="server">Who has it.</param>
/// <param name="offer">The delta.</param>
/// <remarks>Memory: the first 64 KiB, and what came of one part. Not thread-safe.</remarks>
internal sealed class DeltaParts(IDeltaServer server, DeltaOffer offer)
{
    /// <summary>The header, and of most deltas the listing, in one request.</summary>
    private const int HeadBytes = 64 << 10;

    private byte[] _head = [];
    private (long At, byte[] Bytes) _came = (0, []);
    private Dictionary<long, DeltaFrame> _frames = [];

    /// <summary>The delta.</summary>
    public DeltaOffer Offer => offer;

    /// <summary>Bytes of parts that were fetched in vain.</summary>
    public long WastedBytes { get; private set; }

    /// <summary>From now on frames are checked.</summary>
    public void Know(DeltaHeader header)
    {
        _frames = [];
        long at = header.HeaderBytes;
        foreach (var frame in header.Frames)
        {
            _frames[at] = frame;
            at += frame.StoredBytes;
        }
    }

    /// <summary>The beginning is damaged: it is fetched again.</summary>
    public void ForgetHead()
    {
        WastedBytes += _head.Length;
        _head = [];
    }

    /// <summary>Fills the buffer with a part that lies inside the delta.</summary>
    /// <exception cref="HostupException">The codes of the server; <c>digest-mismatch</c> for a frame that is damaged twice.</exception>
    public async ValueTask ReadAsync(long at, Memory<byte> buffer, CancellationToken ct)
    {
        await FillAsync(at, buffer, ct).ConfigureAwait(false);
        if (IsGood(at, buffer.Span))
            return;
        WastedBytes += buffer.Length - Math.Clamp(_head.Length - at, 0, buffer.Length);
        if (at < _head.Length)
            ForgetHead();
        await FillAsync(at, buffer, ct).ConfigureAwait(false);
        if (!IsGood(at, buffer.Span))
            throw new HostupException(HostupErrors.DigestMismatch, $"cannot use delta {offer.Digest}", $"the frame at byte {at} has another digest than its header says, twice", "fetch it again; if this repeats, the server holds damaged data");
    }

    private bool IsGood(long at, ReadOnlySpan<byte> part) =>
        !_frames.TryGetValue(at, out var frame) || frame.StoredBytes != part.Length || Digest.Of(part) == frame.Stored;

    private async ValueTask FillAsync(long at, Memory<byte> buffer, CancellationToken ct)
    {
        int done = 0;
        if (at < HeadBytes)
        {
            if (_head is [])
            {
                byte[] head = new byte[Math.Min(HeadBytes, offer.Bytes)];
                await FetchAsync(0, head, ct).ConfigureAwait(false);
                _head = head;
            }
            done = (int)Math.Min(buffer.Length, _head.Length - at);
            _head.AsMemory((int)at, done).CopyTo(buffer);
        }
        await FetchAsync(at + done, buffer[done..], ct).ConfigureAwait(false);
    }

    private async ValueTask FetchAsync(long at, Memory<byte> buffer, CancellationToken ct)
    {
        if (buffer.IsEmpty)
            return;
        int done = _came.At == at && _came.Bytes.Length <= buffer.Length ? _came.Bytes.Length : 0;
        _came.Bytes.AsMemory(0, done).CopyTo(buffer);
        _came = (0, []);
        if (done == buffer.Length)
            return;
        try
        {
            var part = await server.OpenPartAsync(offer, at + done, buffer.Length - done, ct).ConfigureAwait(false);
            await using var _ = part.ConfigureAwait(false);
            while (done < buffer.Length)
            {
                int read = await part.ReadAsync(buffer[done..], ct).ConfigureAwait(false);
                done += read > 0 ? read : throw new HostupException(HostupErrors.Link, $"cannot fetch delta {offer.Digest}", $"the server ended after {done} of {buffer.Length} bytes of a part", "check the network; the transfer goes on when it is back");
            }
        }
        catch
        {
            _came = (at, buffer[..done].ToArray());
            throw;
        }
    }
}
