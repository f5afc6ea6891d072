namespace Hostup.Updates.Ports;

/// <summary>Who a blob is passed on to.</summary>
public interface IBlobTaker
{
    /// <summary>The first piece is there, or it has to begin anew although it asked to go on: then nothing follows.</summary>
    /// <param name="from">Place of the first piece in the blob: what was asked for, or zero when it has to begin anew.</param>
    /// <param name="ct">Ends it.</param>
    ValueTask BeginAsync(long from, CancellationToken ct);

    /// <summary>Takes a piece.</summary>
    /// <exception cref="IOException">It went away.</exception>
    ValueTask TakeAsync(ReadOnlyMemory<byte> piece, CancellationToken ct);
}
