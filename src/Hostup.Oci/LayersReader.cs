using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;

namespace Hostup.Oci;

/// <summary>All layers of an image as one stream of entries, lowest layer first; blobs are opened one after another.</summary>
/// <param name="source">Where the blobs are.</param>
/// <param name="layers">The layers, lowest first.</param>
/// <param name="checkDiffIds">Whether the uncompressed bytes are hashed too.</param>
/// <remarks>
/// When <see cref="NextAsync"/> returns null, the digest of every blob has been checked, and the diff id of every layer if asked for. Until then
/// nothing that was read is trustworthy. Memory is bounded: about 2 MiB, and 16 bytes for each entry of the layers above the lowest.
/// </remarks>
public sealed class LayersReader(IBlobSource source, IReadOnlyList<OciLayer> layers, bool checkDiffIds = true) : ITreeReader
{
    private int _next;
    private LayerStream? _stream;
    private LayerReader? _reader;
    private LayerOrder? _order;

    /// <inheritdoc/>
    public async ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            if (_reader is null && !await OpenNextAsync(ct).ConfigureAwait(false))
                return null;
            try
            {
                if (await _reader!.NextAsync(ct).ConfigureAwait(false) is { } entry)
                {
                    if (_order is null && entry.Kind is (TreeEntryKind.Whiteout or TreeEntryKind.OpaqueDirectory))
                        continue;
                    _order?.Check(entry);
                    return entry;
                }
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

    /// <summary>Closes the blob that is open.</summary>
    public ValueTask DisposeAsync() => CloseAsync();

    private async ValueTask<bool> OpenNextAsync(CancellationToken ct)
    {
        if (_next == layers.Count)
            return false;
        var layer = layers[_next];
        _stream = new LayerStream(await source.OpenAsync(layer.Blob, 0, ct).ConfigureAwait(false), layer, checkDiffIds);
        _reader = new LayerReader(_stream);
        // Nothing lies under the lowest layer: a whiteout there can only hide entries of its own layer, and engines ignore it.
        _order = _next == 0 ? null : new LayerOrder();
        _next++;
        return true;
    }

    /// <summary>What cannot be understood is most often damaged: reading to the end makes a wrong digest come out first.</summary>
    private async ValueTask BlameDamageAsync(CancellationToken ct)
    {
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
        (_reader, _stream) = (null, null);
    }
}
