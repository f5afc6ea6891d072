using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;

namespace Hostup.Oci;

/// <summary>All layers of an image as one stream of entries, lowest layer first; blobs are opened one after another.</summary>
/// <param name="source">Where the blobs are.</param>
/// <param name="layers">The layers, lowest first; those with members are checked member by member.</param>
/// <param name="from">Where to begin; null: at the first entry.</param>
/// <param name="buffers">Hold what came of a framed layer, for the next reader too; null: of its own.</param>
/// <remarks>
/// What comes from a framed layer has been checked. Of a layer in one piece nothing that was read is trustworthy until the next layer
/// begins or <see cref="NextAsync"/> returns null: then the digest of its blob, and its diff id where it is known, have been checked. Memory is bounded: about 2 MiB, and 16 bytes for each entry of the layers above the lowest.
/// </remarks>
public sealed class LayersReader(IBlobSource source, IReadOnlyList<OciLayer> layers, TreePlace? from = null, MemberBuffers? buffers = null) : IPlacedTreeReader
{
    private MemberBuffers? _buffers;
    private int _next = from?.Layer ?? 0;
    private long _offset = from?.Offset ?? 0;
    private Stream? _stream;
    private LayerReader? _reader;
    private LayerOrder? _order;

    private long _wasted;
    private long _receivedAtOpen;
    private bool _isInVain;

    /// <inheritdoc/>
    public TreePlace? Place { get; private set; }

    /// <summary>Bytes of members that an earlier reader had fetched already, or that were fetched in vain; and of layers in one piece that did not come whole: the next reader begins them anew.</summary>
    public long WastedBytes => _wasted + ((_stream as MemberStream)?.WastedBytes ?? 0);

    /// <inheritdoc/>
    public async ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            if (_reader is null && !await OpenNextAsync(ct).ConfigureAwait(false))
            {
                Place = new TreePlace(layers.Count, 0);
                return null;
            }
            try
            {
                if (await _reader!.NextAsync(ct).ConfigureAwait(false) is { } entry)
                {
                    if (_order is null && entry.Kind is (TreeEntryKind.Whiteout or TreeEntryKind.OpaqueDirectory))
                        continue;
                    _order?.Check(entry);
                    Place = _reader.EntryOffset is { } offset && (offset == 0 || _stream is MemberStream) ? new TreePlace(_next - 1, offset) : null;
                    return entry;
                }
                _isInVain = false;
            }
            catch (HostupException e) when (e.Code == HostupErrors.BadImage)
            {
                await BlameDamageAsync(ct).ConfigureAwait(false);
                throw;
            }
            await CloseAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (_reader is null)
            return 0;
        try
        {
            return await _reader.ReadAsync(buffer, ct).ConfigureAwait(false);
        }
        catch (HostupException e) when (e.Code == HostupErrors.BadImage)
        {
            await BlameDamageAsync(ct).ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask SkipAsync(long bytes, CancellationToken ct) => _reader?.SkipAsync(bytes, ct) ?? default;

    /// <summary>Closes the blob that is open.</summary>
    public ValueTask DisposeAsync() => CloseAsync();

    private async ValueTask<bool> OpenNextAsync(CancellationToken ct)
    {
        if (_next == layers.Count)
            return false;
        var layer = layers[_next];
        (_receivedAtOpen, _isInVain) = (source.ReceivedBytes, layer.Members is []);
        _stream = layer.Members is [] ? new LayerStream(await source.OpenAsync(layer.Blob, 0, ct).ConfigureAwait(false), layer) : new MemberStream(source, layer.Blob, layer.Members, _offset, _buffers ??= buffers ?? new MemberBuffers());
        _reader = new LayerReader(_stream, _offset);
        _offset = 0;
        // Nothing lies under the lowest layer: a whiteout there can only hide entries of its own layer, and engines ignore it.
        _order = _next == 0 ? null : new LayerOrder();
        _next++;
        return true;
    }

    /// <summary>What cannot be understood is most often damaged: reading to the end makes a wrong digest come out first. Of a framed layer everything that was read is right already.</summary>
    private async ValueTask BlameDamageAsync(CancellationToken ct)
    {
        if (_stream is MemberStream)
            return;
        var rest = new byte[64 * 1024];
        while (await _stream!.ReadAsync(rest, ct).ConfigureAwait(false) > 0)
        {
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_reader is { } reader)
            await reader.DisposeAsync().ConfigureAwait(false);
        if (_stream is { } stream)
            await stream.DisposeAsync().ConfigureAwait(false);
        // Also what was on its way when it was closed.
        _wasted = WastedBytes + (_stream is not null && _isInVain ? source.ReceivedBytes - _receivedAtOpen : 0);
        (_reader, _stream) = (null, null);
    }
}
