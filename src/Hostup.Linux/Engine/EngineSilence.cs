namespace Hostup.Linux.Engine;

/// <summary>Gives a pull up when the engine neither says nor asks anything for a long time. While it waits for us, it may be silent.</summary>
internal sealed class EngineSilence : IDisposable
{
    private readonly Lock _one = new();
    private readonly CancellationTokenSource _limit;
    private readonly TimeSpan _most;
    private int _serving;

    public EngineSilence(TimeSpan most, CancellationToken ct)
    {
        _most = most;
        _limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        _limit.CancelAfter(most);
    }

    /// <summary>Ends with the pull.</summary>
    public CancellationToken Token => _limit.Token;

    /// <summary>The engine said something.</summary>
    public void Heard() => Count(0);

    /// <summary>It waits for us until the returned thing is disposed.</summary>
    public IDisposable Serve()
    {
        Count(1);
        return new Served(this);
    }

    public void Dispose() => _limit.Dispose();

    private void Count(int more)
    {
        lock (_one)
        {
            _serving += more;
            _limit.CancelAfter(_serving > 0 ? Timeout.InfiniteTimeSpan : _most);
        }
    }

    private sealed class Served(EngineSilence silence) : IDisposable
    {
        public void Dispose() => silence.Count(-1);
    }
}
