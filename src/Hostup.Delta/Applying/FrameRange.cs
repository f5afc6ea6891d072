using Hostup.Delta.Format;
using Hostup.Delta.Listing;

namespace Hostup.Delta.Applying;

/// <summary>What a frame gives, as the header and the listing say it without the frame: a file in the order of writing and an offset in it.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where the next one begins.</param>
internal readonly record struct FrameRange((int File, long Offset) Start, (int File, long Offset) End)
{
    /// <param name="header">The header.</param>
    /// <param name="frame">Number of the frame; not of the listing.</param>
    /// <param name="files">Indexes of files in the order of writing.</param>
    /// <param name="entries">The listing.</param>
    public static FrameRange Of(DeltaHeader header, int frame, IReadOnlyList<int> files, IReadOnlyList<ListedEntry> entries)
    {
        long before = header.Frames.Take(frame).Skip(1).Sum(f => f.OutputBytes);
        bool isLast = frame == header.Frames.Count - 1;
        return new FrameRange(At(before), isLast ? (files.Count, 0L) : At(before + header.Frames[frame].OutputBytes));

        // A frame ends right behind the file that filled it: files without content are the next one's.
        (int File, long Offset) At(long position)
        {
            for (int i = 0; i < files.Count; i++)
            {
                long size = entries[files[i]].Entry.Size;
                if (position == 0 || position < size)
                    return (i, position);
                position -= size;
            }
            return position == 0 ? (files.Count, 0L) : throw DeltaErrors.Bad("its frames give more than its files have");
        }
    }
}
