using System.Buffers;
using System.Security.Cryptography;
using System.Threading.Channels;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;

namespace Hostup.Linux.RootTrees;

/// <summary>
/// Takes the tree digest of a directory: the read-back of a written slot. One thread of work reads, a second one hashes, so that on two
/// processors it costs the slower of the two. Memory is constant: five blocks.
/// </summary>
public static class TreeDigestOfDirectory
{
    /// <summary>Few calls for large files, and still inside a small device's cache.</summary>
    private const int BlockBytes = 256 * 1024;

    /// <summary>Enough for a disk's pause of some 10 ms at 50 MB/s.</summary>
    private const int BlocksAhead = 4;

    /// <summary>Reads the whole tree below a directory.</summary>
    /// <param name="directory">Root of the tree, for example where the slot is mounted read-only.</param>
    /// <param name="read">Counts content bytes as they are read, for progress; may be null.</param>
    /// <param name="ct">Cancels between entries and blocks.</param>
    /// <exception cref="HostupException"><c>slot-mismatch</c> when something cannot be read.</exception>
    public static async Task<Digest> ComputeAsync(string directory, Action<int>? read, CancellationToken ct)
    {
        var pieces = Channel.CreateBounded<Piece>(new BoundedChannelOptions(BlocksAhead) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var digest = DigestAsync(pieces.Reader, stop);
        try
        {
            await ReadAsync(directory, pieces.Writer, read, stop.Token).ConfigureAwait(false);
            pieces.Writer.Complete();
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)digest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // When hashing ended first, its reason is the reason.
            if (digest.IsFaulted)
                await digest.ConfigureAwait(false);
            throw;
        }
        return await digest.ConfigureAwait(false);
    }

    private static async Task ReadAsync(string directory, ChannelWriter<Piece> pieces, Action<int>? read, CancellationToken ct)
    {
        var reader = new DirectoryTreeReader(directory);
        await using var _ = reader.ConfigureAwait(false);
        while (await reader.NextAsync(ct).ConfigureAwait(false) is { } entry)
        {
            for (long left = entry.Kind == TreeEntryKind.File ? entry.Size : 0; left > 0;)
            {
                byte[] block = ArrayPool<byte>.Shared.Rent((int)Math.Min(left, BlockBytes));
                int count = await reader.ReadAsync(block.AsMemory(0, (int)Math.Min(left, block.Length)), ct).ConfigureAwait(false);
                if (count == 0)
                    throw new HostupException(HostupErrors.SlotMismatch, $"cannot read back {directory}", $"{entry.Path} became shorter while it was read", "see what else writes there and try again");
                await pieces.WriteAsync(new Piece(null, block, count), ct).ConfigureAwait(false);
                read?.Invoke(count);
                left -= count;
            }
            await pieces.WriteAsync(new Piece(entry, [], 0), ct).ConfigureAwait(false);
        }
    }

    private static async Task<Digest> DigestAsync(ChannelReader<Piece> pieces, CancellationTokenSource stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await DigestAsync(pieces, stop.Token).ConfigureAwait(false);
        }
        catch
        {
            // Nobody takes the blocks any more: the reading must not wait for it.
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<Digest> DigestAsync(ChannelReader<Piece> pieces, CancellationToken ct)
    {
        using var digest = new TreeDigest();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] content = new byte[SHA256.HashSizeInBytes];
        await foreach (var (entry, block, count) in pieces.ReadAllAsync(ct).ConfigureAwait(false))
        {
            if (entry is null)
            {
                hash.AppendData(block, 0, count);
                ArrayPool<byte>.Shared.Return(block);
            }
            else if (entry.Kind == TreeEntryKind.File)
            {
                hash.GetHashAndReset(content);
                digest.Add(entry, content);
            }
            else
            {
                digest.Add(entry, []);
            }
        }
        return digest.Finish();
    }

    /// <summary>A block of content, or the entry whose content came before it.</summary>
    private readonly record struct Piece(TreeEntry? Entry, byte[] Block, int Count);
}
