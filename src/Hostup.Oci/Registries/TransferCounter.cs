namespace Hostup.Oci.Registries;

/// <summary>Counts the bytes of bodies that go to and come from a registry. Thread-safe.</summary>
public sealed class TransferCounter
{
    private long _received;
    private long _sent;

    /// <summary>Bytes of answer bodies read so far, refused ones included; headers and encryption are not counted.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _received);

    /// <summary>Bytes of request bodies handed over so far.</summary>
    public long SentBytes => Interlocked.Read(ref _sent);

    internal void Received(int bytes) => Interlocked.Add(ref _received, bytes);

    internal void Sent(long bytes) => Interlocked.Add(ref _sent, bytes);
}
