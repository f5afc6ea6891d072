using Hostup.Core.RootTrees;
using Hostup.Delta;
using Hostup.Delta.Applying;
using Hostup.Oci.Layers;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Cli.Deltas;

/// <summary>A tar file that a delta is applied to; what is in it already can be read again.</summary>
internal sealed class TarTarget(FileStream tar)
{
    private const int BlockBytes = 512;

    private readonly Dictionary<TreePath, (long Start, long Length)> _files = [];

    public async Task WriteAsync(Stream delta, IDeltaTree old, CancellationToken ct)
    {
        var place = new DeltaPlace(Path.GetDirectoryName(tar.Name)!, Open);
        await using var reader = await DeltaTreeReader.OpenAsync(delta, old, place, 0, ct);
        var writer = new LayerWriter(tar);
        while (await reader.NextAsync(ct) is { } entry)
        {
            await writer.AddAsync(entry, reader, ct);
            // the padded content ends here
            _files[entry.Path] = (tar.Position - ((entry.Size + BlockBytes - 1) / BlockBytes * BlockBytes), entry.Size);
        }
        await writer.FinishAsync(ct);
        await tar.FlushAsync(ct);
    }

    private Content Open(TreePath path)
    {
        tar.Flush();
        return new Content(tar.SafeFileHandle, _files[path].Start, _files[path].Length);
    }

    private sealed class Content(SafeFileHandle tar, long start, long length) : IDeltaContent
    {
        public long Length => length;

        public void Read(long offset, Span<byte> buffer)
        {
            for (int read; !buffer.IsEmpty; buffer = buffer[read..], offset += read)
                if ((read = RandomAccess.Read(tar, buffer, start + offset)) == 0)
                    throw new EndOfStreamException("the tar file became shorter while it was written");
        }

        public void Dispose()
        {
        }
    }
}
