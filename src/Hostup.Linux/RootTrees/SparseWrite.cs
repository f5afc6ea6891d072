using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>Writes blocks of a file, leaving out those that are all zeros.</summary>
internal static class SparseWrite
{
    /// <summary>Block of the ext4 file systems we make.</summary>
    private const int Block = 4096;

    /// <summary>Writes a part of a file.</summary>
    /// <param name="file">Handle.</param>
    /// <param name="content">The part.</param>
    /// <param name="offset">Where it belongs; a multiple of 4096.</param>
    /// <param name="end">Raised to the end of what was written.</param>
    /// <returns>Zero or an error number.</returns>
    public static int Write(int file, ReadOnlySpan<byte> content, long offset, ref long end)
    {
        int position = 0;
        while (position < content.Length)
        {
            int run = ZeroBlocks(content[position..]);
            position += run;
            int stored = DataBlocks(content[position..]);
            if (stored > 0 && WriteAll(file, content.Slice(position, stored), offset + position) is not 0 and var errno)
                return errno;
            position += stored;
            if (stored > 0)
                end = offset + position;
        }
        return 0;
    }

    private static int ZeroBlocks(ReadOnlySpan<byte> content)
    {
        int position = 0;
        while (position < content.Length && !content.Slice(position, Math.Min(Block, content.Length - position)).ContainsAnyExcept((byte)0))
            position += Math.Min(Block, content.Length - position);
        return position;
    }

    private static int DataBlocks(ReadOnlySpan<byte> content)
    {
        int position = 0;
        while (position < content.Length && content.Slice(position, Math.Min(Block, content.Length - position)).ContainsAnyExcept((byte)0))
            position += Math.Min(Block, content.Length - position);
        return position;
    }

    /// <summary>Writes all bytes.</summary>
    /// <returns>Zero or an error number.</returns>
    public static int WriteAll(int file, ReadOnlySpan<byte> content, long offset)
    {
        while (!content.IsEmpty)
        {
            nint written = FileCalls.WriteAt(file, content, (nuint)content.Length, offset);
            if (written < 0 && Errno.Last == Errno.Interrupted)
                continue;
            if (written < 0)
                return Errno.Last;
            content = content[(int)written..];
            offset += written;
        }
        return 0;
    }
}
