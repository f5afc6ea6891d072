using Hostup.Core.RootTrees;

namespace Hostup.Oci.Layers;

/// <summary>
/// Writes a layer: ustar with pax headers where needed, whiteouts as the OCI image specification names them. The same entries give
/// the same bytes.
/// </summary>
/// <param name="output">Where the uncompressed layer goes; not disposed.</param>
public sealed class LayerWriter(Stream output)
{
    private static readonly byte[] Zeros = new byte[2 * TarInput.BlockBytes];

    private readonly byte[] _buffer = new byte[128 * 1024];

    /// <summary>Writes all entries of a tree and the end of the layer.</summary>
    public async Task WriteAsync(ITreeReader tree, CancellationToken ct)
    {
        while (await tree.NextAsync(ct).ConfigureAwait(false) is { } entry)
            await AddAsync(entry, tree, ct).ConfigureAwait(false);
        await FinishAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Writes the current entry of a tree with its content.</summary>
    public async Task AddAsync(TreeEntry entry, ITreeReader tree, CancellationToken ct)
    {
        await output.WriteAsync(Headers(entry), ct).ConfigureAwait(false);
        if (entry.Kind != TreeEntryKind.File)
            return;
        long written = 0;
        while (await tree.ReadAsync(_buffer, ct).ConfigureAwait(false) is > 0 and var read)
        {
            await output.WriteAsync(_buffer.AsMemory(0, read), ct).ConfigureAwait(false);
            written += read;
        }
        if (written != entry.Size)
            throw TarErrors.Bad($"{entry.Path} changed while it was read: {written} bytes instead of {entry.Size}");
        await output.WriteAsync(Zeros.AsMemory(0, (int)(-written & (TarInput.BlockBytes - 1))), ct).ConfigureAwait(false);
    }

    /// <summary>Writes the end of the layer.</summary>
    public async Task FinishAsync(CancellationToken ct) => await output.WriteAsync(Zeros, ct).ConfigureAwait(false);

    private static byte[] Headers(TreeEntry entry)
    {
        var path = entry.Path.Bytes;
        var parent = entry.Path.Parent;
        if (entry.Path.Name.StartsWith(LayerEntries.WhiteoutPrefix))
            throw TarErrors.Bad($"{entry.Path} has a name that layers reserve for whiteouts");
        return entry.Kind switch
        {
            TreeEntryKind.Directory => TarHeaderBlock.Format(entry, entry.Path.IsRoot ? "./"u8 : [.. path, (byte)'/'], '5', [], 0),
            TreeEntryKind.File => TarHeaderBlock.Format(entry, path, '0', [], entry.Size),
            TreeEntryKind.HardLink => TarHeaderBlock.Format(entry, path, '1', entry.LinkTarget.Bytes, 0),
            TreeEntryKind.SymbolicLink => TarHeaderBlock.Format(entry, path, '2', entry.SymbolicTarget.Span, 0),
            TreeEntryKind.CharacterDevice => TarHeaderBlock.Format(entry, path, '3', [], 0),
            TreeEntryKind.BlockDevice => TarHeaderBlock.Format(entry, path, '4', [], 0),
            TreeEntryKind.Fifo => TarHeaderBlock.Format(entry, path, '6', [], 0),
            TreeEntryKind.Whiteout => TarHeaderBlock.Format(entry, parent.Child([.. LayerEntries.WhiteoutPrefix, .. entry.Path.Name]).Bytes, '0', [], 0),
            TreeEntryKind.OpaqueDirectory => TarHeaderBlock.Format(entry, entry.Path.Child(LayerEntries.OpaqueMarker).Bytes, '0', [], 0),
            var kind => throw new InvalidOperationException($"bug: {kind} cannot be written to a layer"),
        };
    }
}
