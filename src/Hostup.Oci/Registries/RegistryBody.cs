namespace Hostup.Oci.Registries;

/// <summary>A body on its way from a registry: counts its bytes and reports a link that is broken, stalled or as good as that as <c>link</c>.</summary>
/// <param name="answer">Disposed with this.</param>
/// <param name="body">The bytes.</param>
/// <param name="expected">How many there must be; null: whatever comes.</param>
/// <param name="what">Completes "cannot ..." in errors.</param>
/// <param name="counter">Where they are counted.</param>
/// <param name="limits">When a link is dead.</param>
internal sealed class RegistryBody(HttpResponseMessage answer, Stream body, long? expected, string what, TransferCounter counter, RegistryLimits limits) : Stream
{
    private CancellationTokenSource _stall = new();
    private long _read;
    private TimeSpan _waited;
    private long _came;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => _read; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await ReadInTimeAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw RegistryErrors.Link(what, $"{(_came == 0 ? "nothing" : $"{_came} bytes")} came in {limits.StalledAfter.TotalSeconds:0} s after {_read - _came} bytes", e);
        }
        // disposed: the time was over in the moment in which the last bytes came, and the connection has been given up
        catch (Exception e) when (e is IOException or HttpRequestException or ObjectDisposedException)
        {
            throw RegistryErrors.Link(what, $"the link broke after {_read} bytes: {e.Message}", e);
        }
        _read += read;
        counter.Received(read);
        return read == 0 && !buffer.IsEmpty && _read < expected
            ? throw RegistryErrors.Link(what, $"the link closed after {_read} of {expected} bytes")
            : read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
            answer.Dispose();
            _stall.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>What must come before the time begins anew; who is held back by a policy gets no more than that allows.</summary>
    private double Enough()
    {
        long least = counter.Wire?.Rate.BytesPerSecond is > 0 and var rate ? Math.Min(limits.LeastBytesPerSecond, rate / 2) : limits.LeastBytesPerSecond;
        return Math.Max(1, least * limits.StalledAfter.TotalSeconds);
    }

    private async ValueTask<int> ReadInTimeAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (!_stall.TryReset())
        {
            _stall.Dispose();
            _stall = new CancellationTokenSource();
        }
        long began = TimeProvider.System.GetTimestamp();
        _stall.CancelAfter(limits.StalledAfter > _waited ? limits.StalledAfter - _waited : TimeSpan.Zero);
        var stall = _stall;
        using var registration = ct.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), stall);
        int read = await body.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
        stall.CancelAfter(Timeout.InfiniteTimeSpan);
        // Only the time in which the link was waited for: who writes slowly is no fault of it.
        (_waited, _came) = (_waited + TimeProvider.System.GetElapsedTime(began), _came + read);
        if (_came >= Enough())
            (_waited, _came) = (TimeSpan.Zero, 0);
        return read;
    }
}
