using Hostup.Core.RootTrees;
using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>Copies the content of a file, block by block, zero blocks as holes.</summary>
/// <param name="buffer">At least <see cref="BufferBytes"/>.</param>
internal sealed class FileContent(byte[] buffer)
{
    /// <summary>Few calls for large files, and still inside a small device's cache.</summary>
    public const int BufferBytes = 256 * 1024;

    /// <param name="file">Handle.</param>
    /// <param name="entry">The file.</param>
    /// <param name="layers">Gives its content, from <paramref name="from"/> on.</param>
    /// <param name="from">Where to begin; a multiple of 4096.</param>
    /// <param name="written">Told between blocks how many bytes of the file were written.</param>
    /// <param name="ct">Cancels between blocks.</param>
    /// <returns>Zero or an error number.</returns>
    public async ValueTask<int> WriteAsync(int file, TreeEntry entry, ITreeReader layers, long from, Func<long, ValueTask> written, CancellationToken ct)
    {
        long done = from, end = 0;
        while (done < entry.Size)
        {
            int filled = 0;
            while (filled < BufferBytes && done + filled < entry.Size)
            {
                int read = await layers.ReadAsync(buffer.AsMemory(filled, (int)Math.Min(BufferBytes - filled, entry.Size - done - filled)), ct).ConfigureAwait(false);
                filled += read > 0 ? read : throw TreeErrors.Image(entry.Path.ToString(), $"it has {done + filled} bytes of content, {entry.Size} were announced");
            }
            if (SparseWrite.Write(file, buffer.AsSpan(0, filled), done, ref end) is not 0 and var errno)
                return errno;
            done += filled;
            if (done < entry.Size)
                await written(done).ConfigureAwait(false);
        }
        return end < entry.Size && FileCalls.Truncate(file, entry.Size) != 0 ? Errno.Last : 0;
    }
}
