namespace Hostup.Updates.Reporting;

/// <summary>How fast the bytes of a step come, over the last half minute: long enough to be calm, short enough to show a link that slows down.</summary>
/// <param name="elapsed">Time that no synchronisation of the clock moves.</param>
public sealed class TransferRate(Func<TimeSpan> elapsed)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    private readonly Queue<(TimeSpan At, long Done)> _samples = [];
    private (string State, TimeSpan At, long Done) _last;

    /// <summary>Takes where a step stands.</summary>
    /// <param name="state">Its state: another one begins anew.</param>
    /// <param name="done">Bytes done.</param>
    /// <returns>Bytes a second; zero: not known yet.</returns>
    public long Take(string state, long done)
    {
        var now = elapsed();
        if (state != _last.State || done < _last.Done)
            _samples.Clear();
        if (_samples.Count == 0 || now - _last.At >= Between)
        {
            _samples.Enqueue((now, done));
            _last = (state, now, done);
        }
        while (_samples.Count > 2 && now - _samples.Peek().At > Window)
            _samples.Dequeue();
        var first = _samples.Peek();
        return now - first.At >= Least ? (long)((done - first.Done) / (now - first.At).TotalSeconds) : 0;
    }
}
