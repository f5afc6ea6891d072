using System.Buffers;
using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;

namespace Hostup.Linux.RootTrees;

/// <summary>Takes the tree digest of a directory: the read-back of a written slot. One thread, constant memory.</summary>
public static class TreeDigestOfDirectory
{
    /// <summary>Reads the whole tree below a directory.</summary>
    /// <param name="directory">Root of the tree, for example where the slot is mounted read-only.</param>
    /// <param name="read">Counts content bytes as they are read, for progress; may be null.</param>
    /// <param name="ct">Cancels between entries and blocks.</param>
    /// <exception cref="HostupException"><c>slot-mismatch</c> when something cannot be read.</exception>
    public static async Task<Digest> ComputeAsync(string directory, Action<int>? read, CancellationToken ct)
    {
        using var digest = new TreeDigest();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        var reader = new DirectoryTreeReader(directory);
        await using (reader.ConfigureAwait(false))
        {
            var content = new byte[SHA256.HashSizeInBytes];
            while (await reader.NextAsync(ct).ConfigureAwait(false) is { } entry)
            {
                if (entry.Kind != TreeEntryKind.File)
                {
                    digest.Add(entry, []);
                    continue;
                }
                for (long left = entry.Size; left > 0;)
                {
                    int count = await reader.ReadAsync(buffer, ct).ConfigureAwait(false);
                    if (count == 0)
                        throw new HostupException(HostupErrors.SlotMismatch, $"cannot read back {directory}", $"{entry.Path} became shorter while it was read", "see what else writes there and try again");
                    hash.AppendData(buffer, 0, count);
                    read?.Invoke(count);
                    left -= count;
                }
                hash.GetHashAndReset(content);
                digest.Add(entry, content);
            }
        }
        ArrayPool<byte>.Shared.Return(buffer);
        return digest.Finish();
    }
}
