namespace Hostup.Lab.Networks;

/// <summary>A body whose first byte comes in the very moment in which its reader's time is over: the connection is given up, and the byte is there.</summary>
public sealed class GivenUpStream() : MemoryStream(new byte[1], writable: false)
{
    private bool _givenUp;

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">Each time but the first.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_givenUp, this);
        _givenUp = true;
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await base.ReadAsync(buffer, CancellationToken.None);
    }
}
