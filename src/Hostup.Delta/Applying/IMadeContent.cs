namespace Hostup.Delta.Applying;

/// <summary>Content as it is made.</summary>
internal interface IMadeContent : IDisposable
{
    /// <summary>Bytes that are still to come.</summary>
    long Left { get; }

    /// <summary>Reads at least one byte, as long as there is any.</summary>
    int Read(Span<byte> buffer);
}
