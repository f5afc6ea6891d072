using Hostup.Core.RootTrees;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Steps;

/// <summary>Looks now and then, while something is awaited from a link, whether it is still wanted: on a slow link the next part takes minutes.</summary>
/// <param name="clock">Time.</param>
/// <param name="look">Throws when it is not wanted any more; what is awaited is ended first.</param>
/// <param name="ct">Ends what is awaited.</param>
internal sealed class FetchWatch(ISystemClock clock, Func<CancellationToken, ValueTask> look, CancellationToken ct) : IDisposable
{
    /// <summary>How soon a cancelled attempt is noticed.</summary>
    private static readonly TimeSpan LookEach = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(ct);

    /// <summary>Awaits something.</summary>
    public ValueTask<T> AwaitAsync<T>(Func<CancellationToken, ValueTask<T>> begin) => EndOfAsync(begin(_stop.Token).AsTask());

    /// <summary>A reader whose reads are watched; disposing it disposes what it reads from.</summary>
    public IPlacedTreeReader Over(IPlacedTreeReader reader) => new Watched(this, reader);

    public void Dispose() => _stop.Dispose();

    private async ValueTask<T> EndOfAsync<T>(Task<T> awaited)
    {
        while (!awaited.IsCompleted && !await clock.HasEndedAsync(awaited, LookEach).ConfigureAwait(false))
        {
            try
            {
                await look(ct).ConfigureAwait(false);
            }
            catch
            {
                await _stop.CancelAsync().ConfigureAwait(false);
                await ((Task)awaited).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }
        }
        return await awaited.ConfigureAwait(false);
    }

    private sealed class Watched(FetchWatch watch, IPlacedTreeReader reader) : IPlacedTreeReader
    {
        public TreePlace? Place => reader.Place;

        public bool BeganAnew => reader.BeganAnew;

        public (TreePlace? Place, long FileBytes) PlaceAfter(long fileBytes) => reader.PlaceAfter(fileBytes);

        public ValueTask<TreeEntry?> NextAsync(CancellationToken ct) => watch.AwaitAsync(reader.NextAsync);

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct) => watch.AwaitAsync(token => reader.ReadAsync(buffer, token));

        public ValueTask SkipAsync(long bytes, CancellationToken ct) => reader.SkipAsync(bytes, ct);

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }
}
