using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta.Applying;

namespace Hostup.Linux.Deltas;

/// <summary>The entries that a delta gives, with places that name its frames.</summary>
/// <param name="reader">Gives them; null: an earlier one gave all.</param>
/// <param name="roots">What it reads from; closed with this.</param>
/// <param name="delta">Digest of the delta.</param>
/// <param name="end">Its frames, and one more.</param>
/// <param name="anew">Whether it begins at the first entry although another place was asked for.</param>
/// <param name="failed">Told of a fault of the delta, or of what it is applied to, and of the frame that was under way; 0: it lies in no frame.</param>
internal sealed class DeltaReader(DeltaTreeReader? reader, IOpenRoots roots, Digest delta, int end, bool anew, Action<HostupException, int> failed) : IPlacedTreeReader
{
    private static readonly byte[] Temporary = Encoding.UTF8.GetBytes(DeltaPlace.TemporaryName);

    private int _framesDone = reader?.FramesDone ?? end;
    private long _from = reader?.From ?? 0;
    private long _position;
    private long _size;
    private bool _isDisposed;

    /// <summary>Whether all was read.</summary>
    public bool IsAtEnd => _framesDone == end;

    /// <inheritdoc/>
    public TreePlace? Place => new TreePlace(0, _framesDone) { Delta = delta };

    /// <inheritdoc/>
    public bool BeganAnew => anew;

    /// <summary>The last frame that ended: what was read behind it is made again.</summary>
    public (TreePlace? Place, long FileBytes) PlaceAfter(long fileBytes) => (Place, _from);

    /// <inheritdoc/>
    public async ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
    {
        if (reader is null)
            return null;
        // What was read before has been written. A frame that ends with an empty file counts only now.
        Settle(0);
        var entry = await GuardAsync(reader.NextAsync(ct)).ConfigureAwait(false);
        if (entry is not null && entry.Path.Bytes.SequenceEqual(Temporary))
            throw Failed(new HostupException(HostupErrors.BadDelta, "cannot use the delta", $"it has {entry.Path}, which is a temporary file's name", "the whole image is fetched in its place"), 0);
        if (entry is null)
        {
            File.Delete(Path.Combine(roots.Spare.Scratch, DeltaPlace.TemporaryName));
            (_framesDone, _from) = (end, 0);
            return null;
        }
        (_position, _size) = (entry.Kind == TreeEntryKind.File ? reader.From : 0, entry.Size);
        // The beginning of a file that the reader goes on with is known from its first frame on.
        if (_position > 0)
            _from = _position;
        return entry;
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (reader is null)
            return 0;
        int read = await GuardAsync(reader.ReadAsync(buffer, ct)).ConfigureAwait(false);
        _position += read;
        if (_position < _size)
            Settle(_position);
        return read;
    }

    /// <summary>Content of the first file begins where the frame begins; no other is ever passed over.</summary>
    public ValueTask SkipAsync(long bytes, CancellationToken ct) => bytes == _position ? default : throw new HostupException(
        HostupErrors.SlotMismatch, "cannot go on with the spare slot", $"{bytes} bytes of a file are there, frame {_framesDone} begins at {_position}", "it is written from the beginning");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (reader is not null)
            await reader.DisposeAsync().ConfigureAwait(false);
        await roots.DisposeAsync().ConfigureAwait(false);
    }

    private void Settle(long from)
    {
        if (reader!.FramesDone != _framesDone)
            (_framesDone, _from) = (reader.FramesDone, from);
    }

    private async ValueTask<T> GuardAsync<T>(ValueTask<T> reading)
    {
        try
        {
            return await reading.ConfigureAwait(false);
        }
        catch (HostupException e) when (e.Code == HostupErrors.BadDelta || e.Code == HostupErrors.DeltaOld || e.Code == HostupErrors.DigestMismatch)
        {
            failed(e, reader!.FramesDone);
            throw;
        }
        catch (IOException e)
        {
            throw Failed(new HostupException(HostupErrors.DeltaOld, "cannot apply the delta", e.Message, "the whole image is fetched in its place", e), reader!.FramesDone);
        }
    }

    private HostupException Failed(HostupException error, int frame)
    {
        failed(error, frame);
        return error;
    }
}
