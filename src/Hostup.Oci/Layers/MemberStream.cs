using System.IO.Compression;
using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Oci.Images;

namespace Hostup.Oci.Layers;

/// <summary>
/// The uncompressed bytes of a framed layer. Each member is fetched whole, compared with its signed digest and only then inflated, so that
/// nothing unchecked is ever handed on. One member is fetched ahead. Begins at any offset; skipping leaves members out.
/// </summary>
internal sealed class MemberStream : Stream
{
    private readonly IBlobSource _source;
    private readonly OciDescriptor _blob;
    private readonly IReadOnlyList<LayerMember> _members;
    private readonly MemberBuffers _buffers;
    private readonly CancellationTokenSource _stop = new();
    private Stream? _raw;
    private int _rawMember = -1;
    private int _rawEnd;
    private int _current = -1;
    private Task<MemberBuffers.Slot>? _ahead;
    private MemberBuffers.Slot? _inflated;
    private GZipStream? _inflater;
    private readonly int _first;
    private readonly bool _startsInside;
    private long _left;
    private long _skip;

    /// <param name="source">Where the blob is.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="members">Its members, from the signed manifest.</param>
    /// <param name="offset">First byte wanted of the content.</param>
    /// <param name="buffers">Hold what came; may hold what came for a reader before this one.</param>
    public MemberStream(IBlobSource source, OciDescriptor blob, IReadOnlyList<LayerMember> members, long offset, MemberBuffers buffers)
    {
        (_source, _blob, _members, _buffers) = (source, blob, members, buffers);
        if (members.Sum(m => (long)m.Size) != blob.Size)
            throw new HostupException(HostupErrors.BadImage, $"cannot read layer {blob.Digest}", $"its members have {members.Sum(m => (long)m.Size)} bytes, the layer has {blob.Size}", "sign the release again");
        PassOver(offset);
        (_first, _startsInside) = (_current + 1, offset > 0);
    }

    /// <summary>Bytes of members that were fetched before, or were fetched in vain.</summary>
    public long WastedBytes { get; private set; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return 0;
        if (_left > 0)
            FetchAhead(); // not at the first read of a member: after a header a skip may follow
        else if (!await AdvanceAsync(cancellationToken).ConfigureAwait(false))
            return 0;
        return await InflateAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Leaves out content; members that lie in it whole are not fetched.</summary>
    public async ValueTask SkipAsync(long bytes, CancellationToken ct)
    {
        if (bytes >= _left)
        {
            bytes -= _left;
            _left = 0;
            if (PassOver(bytes) && _ahead is { } ahead)
                await EndAheadAsync(ahead).ConfigureAwait(false);
            return;
        }
        await DropAsync(bytes, ct).ConfigureAwait(false);
    }

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_ahead is { } ahead)
            await EndAheadAsync(ahead).ConfigureAwait(false);
        if (_inflater is not null)
            await _inflater.DisposeAsync().ConfigureAwait(false);
        if (_raw is not null)
            await _raw.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Moves on by members; what is left over is dropped when the next one has come.</summary>
    /// <returns>Whether a member was left out.</returns>
    private bool PassOver(long bytes)
    {
        int before = _current;
        bytes += _skip;
        while (_current + 1 < _members.Count && bytes >= _members[_current + 1].ContentSize)
            bytes -= _members[++_current].ContentSize;
        _skip = bytes;
        return _current != before;
    }

    private async ValueTask<bool> AdvanceAsync(CancellationToken ct)
    {
        if (_current + 1 >= _members.Count)
            return _skip == 0 ? false : throw Bad("it ends before the place at which reading was to begin");
        var member = _members[++_current];
        // Who does not wait any longer leaves it to be ended with the rest.
        _ahead ??= FetchAsync(_current, onlyThis: _startsInside && _current == _first, again: _skip > 0);
        _inflated = await _ahead.WaitAsync(ct).ConfigureAwait(false);
        _ahead = null;
        if (_inflater is not null)
            await _inflater.DisposeAsync().ConfigureAwait(false);
        _inflater = new GZipStream(new MemoryStream(_inflated.Bytes, 0, member.Size, writable: false), CompressionMode.Decompress);
        _left = member.ContentSize;
        long skip = _skip;
        _skip = 0;
        await DropAsync(skip, ct).ConfigureAwait(false);
        return true;
    }

    private async ValueTask DropAsync(long bytes, CancellationToken ct)
    {
        byte[] rest = new byte[(int)Math.Min(bytes, 64 << 10)];
        while (bytes > 0)
            bytes -= await InflateAsync(rest.AsMemory(0, (int)Math.Min(bytes, rest.Length)), ct).ConfigureAwait(false);
    }

    private async ValueTask<int> InflateAsync(Memory<byte> buffer, CancellationToken ct)
    {
        int read;
        try
        {
            read = await _inflater!.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], ct).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw Bad(e.Message, e);
        }
        _left -= read > 0 ? read : throw Bad("it inflates to less than was signed");
        return read;
    }

    private void FetchAhead()
    {
        if (_ahead is null && _current + 1 < _members.Count)
            _ahead = FetchAsync(_current + 1, onlyThis: false, again: false);
    }

    /// <param name="index">The member.</param>
    /// <param name="onlyThis">It holds the header of a file of which more may be there already: the members after it may not be wanted.</param>
    /// <param name="again">A part of it was read before, so that it had come whole.</param>
    private async Task<MemberBuffers.Slot> FetchAsync(int index, bool onlyThis, bool again)
    {
        var member = _members[index];
        var slot = _buffers.For(member.Digest, _inflated);
        int kept = slot.Count;
        await FillAsync(index, slot, onlyThis, again).ConfigureAwait(false);
        // Its beginning may be of another source: only what one source gave in one piece tells whether that source is bad.
        if (kept > 0 && !IsGood(member, slot))
        {
            WastedBytes += again ? kept : member.Size;
            slot.Count = 0;
            await FillAsync(index, slot, onlyThis, again).ConfigureAwait(false);
        }
        if (IsGood(member, slot))
            return slot;
        WastedBytes += again ? 0 : member.Size;
        slot.Count = 0;
        throw new HostupException(HostupErrors.DigestMismatch, $"cannot use layer {_blob.Digest}", $"member {index} of {_members.Count} has another digest than was signed", "fetch it again; if this repeats, the source holds damaged data");
    }

    /// <summary>Fetches what is missing of a member; what came stays in the buffer also when the rest does not.</summary>
    private async ValueTask FillAsync(int index, MemberBuffers.Slot slot, bool onlyThis, bool again)
    {
        int size = _members[index].Size;
        if (slot.Count == size)
            return;
        if (_rawMember != index || slot.Count > 0)
            await OpenAtAsync(index, slot.Count, onlyThis).ConfigureAwait(false);
        _rawMember = -1; // until it has come whole
        while (slot.Count < size)
        {
            int read = await _raw!.ReadAsync(slot.Bytes.AsMemory(slot.Count, size - slot.Count), _stop.Token).ConfigureAwait(false);
            WastedBytes += again ? read : 0;
            slot.Count += read > 0 ? read : throw new HostupException(HostupErrors.Link, $"cannot fetch layer {_blob.Digest}", $"the source ended after {slot.Count} of {size} bytes of member {index}", "check the network; the transfer goes on when it is back");
        }
        _rawMember = index + 1 < _rawEnd ? index + 1 : -1;
    }

    private async ValueTask OpenAtAsync(int index, int inMember, bool onlyThis)
    {
        if (_raw is not null)
            await _raw.DisposeAsync().ConfigureAwait(false);
        _raw = null;
        long offset = inMember;
        for (int i = 0; i < index; i++)
            offset += _members[i].Size;
        // As many whole members as the source may send.
        long allowed = _source.Allows(_blob.Size - offset), bytes = _members[index].Size - inMember;
        _rawEnd = index + 1;
        while (!onlyThis && _rawEnd < _members.Count && bytes + _members[_rawEnd].Size <= allowed)
            bytes += _members[_rawEnd++].Size;
        _raw = await _source.OpenPartAsync(_blob, offset, bytes, _stop.Token).ConfigureAwait(false);
    }

    private static bool IsGood(LayerMember member, MemberBuffers.Slot slot) => Digest.FromHash(SHA256.HashData(slot.Bytes.AsSpan(0, member.Size))) == member.Digest;

    /// <summary>What it brings is not wanted any more, and neither is what went wrong with it.</summary>
    private async ValueTask EndAheadAsync(Task<MemberBuffers.Slot> ahead)
    {
        _ahead = null;
        await ((Task)ahead).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private HostupException Bad(string why, Exception? inner = null) => new(HostupErrors.BadImage, $"cannot read layer {_blob.Digest}", why, "build and sign the release again", inner);
}
