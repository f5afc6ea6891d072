namespace Hostup.Oci.Registries;

/// <summary>Counts the bytes of bodies that go to and come from a registry. Thread-safe.</summary>
public sealed class TransferCounter
{
    private readonly Lock _gate = new();
    private long _received;
    private long _sent;
    private (long Received, long Sent) _wasted;

    /// <summary>Where the wire stood when a request ended in vain; null: another has begun since.</summary>
    private (long Received, long Sent)? _inVain;

    /// <summary>Counts what is on the wire; without it nothing is known to be wasted.</summary>
    public WireMeter? Wire { get; init; }

    /// <summary>Bytes on the wire of requests that brought nothing.</summary>
    public long WastedReceivedBytes => Wasted().Received;

    /// <summary>Bytes on the wire sent for requests that brought nothing, also what a connection sent that was still being made when its request was given up.</summary>
    public long WastedSentBytes => Wasted().Sent;

    /// <summary>Bytes of answer bodies read so far, refused ones included; headers and encryption are not counted.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _received);

    /// <summary>Bytes of request bodies handed over so far.</summary>
    public long SentBytes => Interlocked.Read(ref _sent);

    /// <summary>A request begins: where the wire's count stands.</summary>
    internal (long Received, long Sent) Mark()
    {
        lock (_gate)
        {
            _wasted = Wasted();
            _inVain = null;
            return Now();
        }
    }

    /// <summary>Everything since a mark brought nothing, and nothing what comes until the next.</summary>
    internal void Waste((long Received, long Sent) mark)
    {
        lock (_gate)
        {
            var now = Now();
            _wasted = (_wasted.Received + now.Received - mark.Received, _wasted.Sent + now.Sent - mark.Sent);
            _inVain = now;
        }
    }

    /// <summary>So many received bytes had been received before.</summary>
    internal void WasteReceived(long bytes)
    {
        lock (_gate)
            _wasted.Received += bytes;
    }

    internal void Received(int bytes) => Interlocked.Add(ref _received, bytes);

    internal void Sent(long bytes) => Interlocked.Add(ref _sent, bytes);

    private (long Received, long Sent) Now() => (Wire?.Received ?? 0, Wire?.Sent ?? 0);

    private (long Received, long Sent) Wasted()
    {
        lock (_gate)
        {
            var (received, sent) = _wasted;
            if (_inVain is not { } since)
                return (received, sent);
            var now = Now();
            return (received + now.Received - since.Received, sent + now.Sent - since.Sent);
        }
    }
}
