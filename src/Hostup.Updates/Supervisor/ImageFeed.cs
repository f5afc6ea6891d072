using Hostup.Core.Errors;
using Hostup.Updates.Ports;
using Hostup.Updates.Sources;

namespace Hostup.Updates.Supervisor;

/// <summary>
/// All that a container engine gets while it pulls one image: documents and blobs by digest, from whatever source has them. What breaks off goes on
/// where it broke, on the terms of who fetches; what is wrong by its digest is asked of the next source. One part at a time: links are narrow.
/// </summary>
/// <param name="terms">On what terms is fetched.</param>
/// <param name="sources">In order; disposed with this.</param>
public sealed class ImageFeed(IFetchTerms terms, IReadOnlyList<IImageSource> sources) : IDisposable
{
    /// <summary>A window that closes may be overstepped by this.</summary>
    private static readonly TimeSpan PolicyLook = TimeSpan.FromSeconds(30);

    /// <summary>What a process that is killed has not kept is in no account.</summary>
    private const long KeepEach = 256 << 10;

    private readonly SemaphoreSlim _one = new(1);
    private readonly SourceChain<IImageSource> _chain = new(terms, sources);
    private readonly Dictionary<Digest, ImageDocument> _documents = [];
    private readonly Dictionary<Digest, BlobPass> _blobs = [];
    private TimeSpan _lookedAt = terms.Clock.Elapsed;
    private long _receivedAtKeep;

    /// <summary>Why it gave up: nothing comes any more; null: it did not.</summary>
    public HostupException? Fault { get; private set; }

    /// <summary>Fetches a manifest or an index, once.</summary>
    /// <exception cref="HostupException">Why no source has it; it is <see cref="Fault"/> then.</exception>
    public async ValueTask<ImageDocument> ManifestAsync(Digest digest, CancellationToken ct)
    {
        await OneAsync(null, () => _documents.ContainsKey(digest) ? default : FetchAsync((source, token) => TryAsync(source, digest, token), ct), ct).ConfigureAwait(false);
        return _documents[digest];
    }

    /// <summary>Passes a blob on.</summary>
    /// <param name="digest">Its digest.</param>
    /// <param name="size">Its bytes, as the manifest says.</param>
    /// <param name="from">First byte that the engine wants.</param>
    /// <param name="taker">Gets it from there on; where that cannot be, it is told that it begins anew, and gets nothing yet.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException">What the engine has of it is wrong, it may ask again; or no source has it, and it is <see cref="Fault"/> then.</exception>
    public async ValueTask CopyAsync(Digest digest, long size, long from, IBlobTaker taker, CancellationToken ct)
    {
        BlobPass? blob;
        lock (_blobs)
        {
            if (!_blobs.TryGetValue(digest, out blob))
                _blobs[digest] = blob = new BlobPass(digest, size);
        }
        bool began = false;
        async ValueTask TakeAsync(ReadOnlyMemory<byte> piece, CancellationToken token)
        {
            if (!began)
                await taker.BeginAsync(blob.Given, token).ConfigureAwait(false);
            began = true;
            await taker.TakeAsync(piece, token).ConfigureAwait(false);
        }
        await OneAsync(blob, () =>
        {
            bool anew = !blob.GoOnAt(from) && from > 0;
            // Who asked to go on reads nothing of an answer that begins anew, and may leave it standing open: it is told, and asks again.
            return anew && sources.Any(s => blob.WhyNot(s) is null)
                ? taker.BeginAsync(0, ct)
                : FetchAsync((source, token) => TryAsync(source, blob, TakeAsync, token), ct);
        }, ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var source in sources)
            source.Dispose();
        foreach (var blob in _blobs.Values)
            blob.Dispose();
        _one.Dispose();
    }

    private async ValueTask OneAsync(BlobPass? blob, Func<ValueTask> fetch, CancellationToken ct)
    {
        await _one.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            if (Fault is not null)
                throw Fault;
            await fetch().ConfigureAwait(false);
        }
        catch (HostupException e) when (blob is not { IsSpoilt: true })
        {
            Fault ??= e;
            throw;
        }
        finally
        {
            _one.Release();
        }
    }

    private async ValueTask FetchAsync(Func<IImageSource, CancellationToken, ValueTask<SourceTry>> tryAsync, CancellationToken ct) =>
        await _chain.RunAsync(tryAsync, ct).ConfigureAwait(false);

    private async ValueTask<SourceTry> TryAsync(IImageSource source, Digest digest, CancellationToken ct)
    {
        try
        {
            var document = await source.ManifestAsync(digest, ct).ConfigureAwait(false);
            if (Digest.Of(document.Bytes.Span) is var actual && actual != digest)
                throw new HostupException(HostupErrors.DigestMismatch, $"cannot use manifest {digest}", $"its digest is {actual}", "look at the registry: it holds damaged data");
            _documents[digest] = document;
            return new SourceTry(null, Advanced: true, Arrived: true);
        }
        catch (HostupException e) when (SourceFaults.Of(e) != SourceFault.Device)
        {
            return new SourceTry(e, Advanced: false, Arrived: false);
        }
    }

    private async ValueTask<SourceTry> TryAsync(
        IImageSource source, BlobPass blob, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> take, CancellationToken ct)
    {
        if (blob.WhyNot(source) is { } wrong)
            return new SourceTry(wrong, Advanced: false, Arrived: false);
        long before = blob.Received;
        var pace = new TryPace(terms);
        try
        {
            var stream = await source.OpenAsync(blob.Digest, blob.Size, before, ct).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
                await blob.PassAsync(source, stream, take, token => BetweenAsync(source, token), ct).ConfigureAwait(false);
            return new SourceTry(null, Advanced: true, Arrived: true);
        }
        // Of a blob that the engine has a part of nothing can be taken back here: it asks again.
        catch (HostupException e) when (SourceFaults.Of(e) != SourceFault.Device && !blob.IsSpoilt)
        {
            // What dripped is kept, but is no reason to wait for more of it.
            bool came = blob.Received > before && pace.IsEnough(blob.Received - before);
            return new SourceTry(e, came, came);
        }
    }

    /// <exception cref="HostupException"><c>cancelled</c>, <c>superseded</c>, <c>held</c>.</exception>
    private async ValueTask BetweenAsync(IImageSource source, CancellationToken ct)
    {
        terms.HonourCancel();
        terms.Tell(terms.State, source.Name);
        if (Math.Abs(source.Bytes.Received - _receivedAtKeep) >= KeepEach)
        {
            terms.Keep();
            _receivedAtKeep = source.Bytes.Received;
        }
        if (terms.Clock.Elapsed - _lookedAt < PolicyLook)
            return;
        _lookedAt = terms.Clock.Elapsed;
        if (await terms.HeldAsync(ct).ConfigureAwait(false) is { } why)
            throw new HostupException(HostupErrors.Held, $"cannot fetch {terms.What} now", why, "it goes on when the policy allows it");
    }
}
