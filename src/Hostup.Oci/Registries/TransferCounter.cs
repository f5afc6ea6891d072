namespace Hostup.Oci.Registries;

/// <summary>Counts the bytes of bodies that go to and come from a registry. Thread-safe.</summary>
public sealed class TransferCounter
{
    private long _received;
    private long _sent;
    private long _wastedReceived;
    private long _wastedSent;

    /// <summary>Counts what is on the wire; without it nothing is known to be wasted.</summary>
    public WireMeter? Wire { get; init; }

    /// <summary>Bytes on the wire of requests that brought nothing.</summary>
    public long WastedReceivedBytes => Interlocked.Read(ref _wastedReceived);

    /// <summary>Bytes on the wire sent for requests that brought nothing.</summary>
    public long WastedSentBytes => Interlocked.Read(ref _wastedSent);

    /// <summary>Bytes of answer bodies read so far, refused ones included; headers and encryption are not counted.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _received);

    /// <summary>Bytes of request bodies handed over so far.</summary>
    public long SentBytes => Interlocked.Read(ref _sent);

    /// <summary>Where the wire's count stands.</summary>
    internal (long Received, long Sent) Mark() => (Wire?.Received ?? 0, Wire?.Sent ?? 0);

    /// <summary>Everything since a mark brought nothing.</summary>
    internal void Waste((long Received, long Sent) mark)
    {
        var now = Mark();
        Interlocked.Add(ref _wastedReceived, now.Received - mark.Received);
        Interlocked.Add(ref _wastedSent, now.Sent - mark.Sent);
    }

    /// <summary>So many received bytes had been received before.</summary>
    internal void WasteReceived(long bytes) => Interlocked.Add(ref _wastedReceived, bytes);

    internal void Received(int bytes) => Interlocked.Add(ref _received, bytes);

    internal void Sent(long bytes) => Interlocked.Add(ref _sent, bytes);
}
