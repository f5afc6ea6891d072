using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Delta.Applying;
using Hostup.Delta.Format;
using Hostup.Updates.Account;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Deltas;

/// <summary>
/// The release's tree, made of the one that runs and a delta. Only a delta that says it is between these two trees is begun; what cannot be made of it is not
/// tried again in this process, and the next source begins at its first entry.
/// </summary>
/// <param name="server">Who has deltas.</param>
/// <param name="roots">Root that runs and spare.</param>
public sealed class DeltaSource(IDeltaServer server, IDeltaRoots roots) : IHostAppSource
{
    private (Digest From, DeltaParts Parts)? _offered;
    private HostupException? _useless;
    private readonly LiteralFrames _literal = new(server);
    private DeltaReader? _whole;
    private long _wasted;
    private long _probed;

    /// <inheritdoc/>
    public string Name => AttemptAccount.DeltaCause;

    /// <summary>Not the registry's beside it: that it has no delta, or none yet, says nothing of images.</summary>
    public string Host => $"{server.Host} (deltas)";

    /// <inheritdoc/>
    public bool IsWorthAWait => true;

    /// <summary>What a frame could not give is read from the image.</summary>
    public bool HasAnotherWay { get; private set; }

    /// <inheritdoc/>
    public CauseBytes Bytes => new(Name, server.Carried.Received - Retried.Received, server.Carried.Sent - Retried.Sent);

    /// <inheritdoc/>
    public CauseBytes Retried => new(AttemptAccount.RetriedCause, server.InVain.Received + _wasted + (_offered?.Parts.WastedBytes ?? 0), server.InVain.Sent);

    /// <inheritdoc/>
    public long BytesOf(ReleaseManifest release) => _offered?.Parts.Offer.Bytes ?? release.Image.DownloadBytes;

    /// <summary>Asks for the delta: some hundred bytes.</summary>
    public async ValueTask ProbeAsync(ReleaseManifest release, CancellationToken ct)
    {
        await AskAsync(release, ct).ConfigureAwait(false);
        _probed = Bytes.Received;
    }

    /// <inheritdoc/>
    public void Discard()
    {
        // All of it came, from its beginning on, and is wrong: it would be wrong again.
        if (_whole is { IsAtEnd: true })
            _useless = new HostupException(HostupErrors.DeltaOld, "cannot use the delta", "what it made of the running system is not the signed tree", "the whole image is fetched in its place");
        _wasted += Bytes.Received - _probed;
    }

    /// <inheritdoc/>
    /// <exception cref="HostupException"><c>no-delta</c>: there is none, or what is left of the image costs less; <c>bad-delta</c>, <c>delta-old</c>, <c>digest-mismatch</c> and the codes of the server.</exception>
    public async ValueTask<IPlacedTreeReader> OpenAsync(ReleaseManifest release, TreePlace? from, CancellationToken ct)
    {
        (_whole, HasAnotherWay) = (null, false);
        var (running, parts) = await AskAsync(release, ct).ConfigureAwait(false);
        if (from is { Delta: null } && release.Image.BytesFrom(from) is var left && left <= parts.Offer.Bytes)
            throw None($"{new ByteCount(left)} of the image are missing on the spare slot, the delta has {new ByteCount(parts.Offer.Bytes)}");
        try
        {
            var reader = await OpenAsync(release, running, parts, from, ct).ConfigureAwait(false);
            // What goes on may be wrong because of what was there before.
            _whole = from is null || reader.BeganAnew ? reader : null;
            return reader;
        }
        catch (HostupException e) when (e.Code == HostupErrors.BadDelta || e.Code == HostupErrors.DeltaOld)
        {
            _useless = e;
            throw;
        }
    }

    private async ValueTask<(Digest From, DeltaParts Parts)> AskAsync(ReleaseManifest release, CancellationToken ct)
    {
        if (_useless is not null)
            throw _useless;
        if (_offered is { } known)
            return known;
        var from = await RunningAsync(ct).ConfigureAwait(false) ?? throw None("the tree of the running system is not known");
        var offer = await server.AskAsync(release.Image.Digest, from, ct).ConfigureAwait(false);
        if (offer.Bytes <= 0 || offer.Bytes >= release.Image.DownloadBytes)
            throw None($"it has {new ByteCount(offer.Bytes)}, the image {new ByteCount(release.Image.DownloadBytes)}");
        _offered = (from, new DeltaParts(server, offer));
        return _offered.Value;
    }

    private async ValueTask<Digest?> RunningAsync(CancellationToken ct)
    {
        try
        {
            return await roots.RunningAsync(ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException || (e as HostupException)?.Code == HostupErrors.SlotMismatch)
        {
            throw _useless = Old(e);
        }
    }

    private async ValueTask<DeltaReader> OpenAsync(ReleaseManifest release, Digest running, DeltaParts parts, TreePlace? from, CancellationToken ct)
    {
        var open = await roots.OpenAsync(ct).ConfigureAwait(false);
        try
        {
            var header = await HeaderAsync(parts, ct).ConfigureAwait(false);
            Require(header, release, running, parts.Offer);
            parts.Know(header);
            var place = from?.Delta == parts.Offer.Digest ? from : null;
            bool isDone = place?.Offset > header.Frames.Count;
            var spare = open.Spare with { Repairs = await _literal.RepairsAsync(release, parts, ct).ConfigureAwait(false) };
            var reader = isDone ? null : await DeltaTreeReader.OpenAsync(new DeltaBlob(parts), open.Running, spare, (int)(place?.Offset ?? 0), ct).ConfigureAwait(false);
            return new DeltaReader(reader, open, parts.Offer.Digest, header.Frames.Count + 1, from is not null && place is null, (e, frame) => Fail(e, frame, header));
        }
        catch (IOException e)
        {
            await open.DisposeAsync().ConfigureAwait(false);
            throw Old(e);
        }
        catch
        {
            await open.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Fail(HostupException error, int frame, DeltaHeader header)
    {
        bool came = frame < header.Frames.Count && !_literal.Has(frame);
        HasAnotherWay = frame < header.Frames.Count && _literal.Take(error, frame);
        if (!HasAnotherWay)
            _useless = error;
        else if (came)
            _wasted += header.Frames[frame].StoredBytes;
    }

    /// <summary>The header has a hash of its own; a damaged one is fetched once more.</summary>
    private static async ValueTask<DeltaHeader> HeaderAsync(DeltaParts parts, CancellationToken ct)
    {
        try
        {
            return await DeltaHeader.ReadAsync(new DeltaBlob(parts), ct).ConfigureAwait(false);
        }
        catch (HostupException e) when (e.Code == HostupErrors.BadDelta)
        {
            parts.ForgetHead();
            return await DeltaHeader.ReadAsync(new DeltaBlob(parts), ct).ConfigureAwait(false);
        }
    }

    /// <summary>Refuses early what would be found wrong in the end.</summary>
    private static void Require(DeltaHeader header, ReleaseManifest release, Digest running, DeltaOffer offer)
    {
        string? why = header.From != running ? $"it is made for tree {header.From}, {running} runs"
            : header.To != release.TreeDigest ? $"it makes tree {header.To}, {release.TreeDigest} was signed"
            : header.TotalBytes != offer.Bytes ? $"it has {header.TotalBytes} bytes by its header, {offer.Bytes} on the server"
            : null;
        if (why is not null)
            throw new HostupException(HostupErrors.BadDelta, "cannot use the delta", why, "have the server build it anew; the whole image is fetched in its place");
    }

    private static HostupException None(string why) =>
        new(HostupErrors.NoDelta, "cannot use a delta", why, "nothing is to be done: the whole image is fetched in its place");

    private static HostupException Old(Exception e) =>
        new(HostupErrors.DeltaOld, "cannot apply a delta", $"the running system cannot be read: {(e as HostupException)?.Why ?? e.Message}", "check the storage of the device; the whole image is fetched in its place", e);
}
