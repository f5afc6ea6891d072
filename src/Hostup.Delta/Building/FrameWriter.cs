using System.Security.Cryptography;
using Hostup.Delta.Format;

namespace Hostup.Delta.Building;

/// <summary>Collects the makings of one frame until it is full.</summary>
/// <param name="options">How large a frame may become.</param>
/// <param name="file">Place in the order of writing of the file that it begins in.</param>
/// <param name="offset">Where in that file.</param>
internal sealed class FrameWriter(DeltaOptions options, int file, long offset)
{
    /// <summary>Read and hashed at once.</summary>
    private const int HashedBytes = 64 << 10;

    private readonly ByteSink[] _streams = [.. Enumerable.Range(0, (int)FrameStreams.Count).Select(_ => new ByteSink())];
    private readonly ByteSink _makings = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _made;
    private long _copied;
    private long _cost;

    public (int File, long Offset) Start => (file, offset);

    public long OutputBytes => _made + _copied;

    /// <summary>Nothing more goes in; it may hold a whole copy too much.</summary>
    public bool IsFull => _made >= options.FrameBytes || _copied >= options.FrameCopyBytes || _cost >= options.FrameCostBytes;

    /// <summary>Counts a file that is a copy of the old one it is like.</summary>
    public void AddUnchanged(IDeltaContent content)
    {
        byte[] block = new byte[(int)Math.Min(HashedBytes, content.Length)];
        for (long at = 0; at < content.Length; at += HashedBytes)
        {
            var part = block.AsSpan(0, (int)Math.Min(HashedBytes, content.Length - at));
            content.Read(at, part);
            _hash.AppendData(part);
        }
        _copied += content.Length;
    }

    /// <summary>A file that is a copy of some other old file.</summary>
    public void AddCopy(int source, IDeltaContent content)
    {
        _makings.PutNumber((int)Making.Copy);
        _makings.PutNumber(source);
        AddUnchanged(content);
    }

    /// <summary>Adds as much of a file as there is room for, at least one unit.</summary>
    /// <returns>Where it ends.</returns>
    public int Add(FilePatch patch, int from, int like)
    {
        int end = from;
        do
        {
            _cost += patch.CostOf(end / FilePatch.UnitBytes);
            int next = Math.Min(patch.Length, (end / FilePatch.UnitBytes + 1) * FilePatch.UnitBytes);
            _made += patch.Repacking is null ? next - end : 0;
            end = next;
        }
        while (end < patch.Length && (!IsFull || patch.IsSmall));
        _made += patch.Repacking?.Output.Length ?? 0;
        _hash.AppendData(patch.Repacking is { } repacking ? repacking.Output : patch.Target[from..end]);
        new PatchWriter(_makings, Stream).Put(patch, from, end, like);
        return end;
    }

    /// <summary>The streams of the frame, whose output ends here.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Finish(int endFile, long endOffset)
    {
        var makings = Stream(FrameStreams.Makings);
        makings.PutNumber(file);
        makings.PutNumber(offset);
        makings.PutNumber(endFile);
        makings.PutNumber(endOffset);
        makings.Put(_hash.GetHashAndReset());
        makings.Put(_makings.Written.Span);
        _hash.Dispose();
        return [.. _streams.Select(s => s.Written)];
    }

    private ByteSink Stream(FrameStreams stream) => _streams[(int)stream];
}
