using System.Buffers.Binary;
using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.Errors;

namespace Hostup.Delta.Format;

/// <summary>One frame of a delta: it is unpacked without any other.</summary>
/// <param name="StoredBytes">Its length in the delta.</param>
/// <param name="OutputBytes">Bytes of file content that it gives, whole copies included; of the first frame the entries of the new tree.</param>
/// <param name="Stored">Digest of its bytes in the delta.</param>
public sealed record DeltaFrame(long StoredBytes, long OutputBytes, Digest Stored);

/// <summary>What stands before the frames of a delta. docs/delta-format.md.</summary>
/// <param name="From">Tree digest of the tree that it is applied to.</param>
/// <param name="To">Tree digest of the tree that it gives.</param>
/// <param name="Entries">Names in the new tree.</param>
/// <param name="ContentBytes">Bytes of file content of the new tree.</param>
/// <param name="Frames">The frames in their order; the first one holds the listing of the new tree.</param>
public sealed record DeltaHeader(Digest From, Digest To, int Entries, long ContentBytes, IReadOnlyList<DeltaFrame> Frames)
{
    /// <summary>Version of the format that this program writes and reads.</summary>
    public const int Version = 1;

    /// <summary>Name, version, flags, length of the rest.</summary>
    private const int FixedBytes = 16;
    private const byte Brotli = 1;
    private static readonly byte[] Magic = [.. "HUPDELTA"u8];

    /// <summary>Bytes before the first frame.</summary>
    public long HeaderBytes => Write().Length;

    /// <summary>Bytes of the whole delta.</summary>
    public long TotalBytes => HeaderBytes + Frames.Sum(f => f.StoredBytes);

    /// <summary>The header as it is stored, its hash included.</summary>
    public byte[] Write()
    {
        var body = new ByteSink();
        body.Put(Brotli);
        body.Put(Convert.FromHexString(From.Hex));
        body.Put(Convert.FromHexString(To.Hex));
        body.PutNumber(Entries);
        body.PutNumber(ContentBytes);
        body.PutNumber(Frames.Count);
        foreach (var frame in Frames)
        {
            body.PutNumber(frame.StoredBytes);
            body.PutNumber(frame.OutputBytes);
            body.Put(Convert.FromHexString(frame.Stored.Hex));
        }
        byte[] stored = new byte[FixedBytes + body.Length + SHA256.HashSizeInBytes];
        Magic.CopyTo(stored, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(stored.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(stored.AsSpan(12), body.Length);
        body.Written.CopyTo(stored.AsMemory(FixedBytes));
        SHA256.HashData(stored.AsSpan(0, FixedBytes + body.Length), stored.AsSpan(FixedBytes + body.Length));
        return stored;
    }

    /// <summary>Reads the header from the beginning of a delta.</summary>
    /// <param name="delta">Stands at the first frame afterwards.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException"><c>bad-delta</c>.</exception>
    public static async Task<DeltaHeader> ReadAsync(Stream delta, CancellationToken ct)
    {
        byte[] start = await ReadAsync(delta, FixedBytes, ct).ConfigureAwait(false);
        if (!start.AsSpan(0, 8).SequenceEqual(Magic))
            throw DeltaErrors.Bad("it does not begin with HUPDELTA");
        int version = BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(8)), flags = BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(10));
        if (version != Version || flags != 0)
            throw DeltaErrors.Bad($"it has version {version} with flags {flags}, this program reads version {Version} without flags");
        int length = BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(12));
        if (length is < 0 or > DeltaLimits.HeaderBytes)
            throw DeltaErrors.Bad($"its header has {length} bytes");
        byte[] rest = await ReadAsync(delta, length + SHA256.HashSizeInBytes, ct).ConfigureAwait(false);
        byte[] hash = SHA256.HashData([.. start, .. rest.AsSpan(0, length)]);
        if (!hash.AsSpan().SequenceEqual(rest.AsSpan(length)))
            throw DeltaErrors.Bad("its header is damaged");
        return Parse(new ByteSource(rest.AsMemory(0, length)));
    }

    private static DeltaHeader Parse(ByteSource body)
    {
        if (body.Byte() is not Brotli and var codec)
            throw DeltaErrors.Bad($"its streams are packed with codec {codec}, which this program does not know");
        var from = Digest.FromHash(body.Bytes(SHA256.HashSizeInBytes));
        var to = Digest.FromHash(body.Bytes(SHA256.HashSizeInBytes));
        int entries = body.Count(DeltaLimits.Entries);
        long content = body.Number(long.MaxValue);
        var frames = new List<DeltaFrame>();
        for (int left = body.Count(DeltaLimits.HeaderBytes / SHA256.HashSizeInBytes); left > 0; left--)
            frames.Add(new DeltaFrame(body.Number(DeltaLimits.FrameBytes), body.Number(long.MaxValue >> 16), Digest.FromHash(body.Bytes(SHA256.HashSizeInBytes))));
        body.MustEnd();
        return frames is [] ? throw DeltaErrors.Bad("it has no frames") : new DeltaHeader(from, to, entries, content, frames);
    }

    private static async Task<byte[]> ReadAsync(Stream delta, int count, CancellationToken ct)
    {
        byte[] bytes = new byte[count];
        return await delta.ReadAtLeastAsync(bytes, count, throwOnEndOfStream: false, ct).ConfigureAwait(false) == count
            ? bytes
            : throw DeltaErrors.Bad("it ends inside its header");
    }
}
