using Hostup.Core;
using Hostup.Delta.Format;

namespace Hostup.Delta.Building;

/// <summary>The frames of a delta as they fill, packed several at a time.</summary>
internal sealed class FrameSequence(DeltaOptions options)
{
    private readonly List<(IReadOnlyList<ReadOnlyMemory<byte>> Streams, long Output)> _waiting = [];
    private readonly List<byte[]> _stored = [];
    private readonly List<DeltaFrame> _frames = [];
    private FrameWriter _open = new(options, 0, 0);

    public IReadOnlyList<DeltaFrame> Frames => _frames;

    public IReadOnlyList<byte[]> Stored => _stored;

    public void AddListing(IReadOnlyList<ReadOnlyMemory<byte>> streams, int entries) => _waiting.Add((streams, entries));

    public void AddUnchanged(int file, IDeltaContent content)
    {
        _open.AddUnchanged(content);
        CloseWhenFull(file + 1, 0);
    }

    public void AddCopy(int file, int source, IDeltaContent content)
    {
        _open.AddCopy(source, content);
        CloseWhenFull(file + 1, 0);
    }

    /// <summary>Adds a patch of a file, or of the part of it that begins at an offset.</summary>
    public void Add(int file, FilePatch patch, long offset, bool isLast, int like)
    {
        for (int at = 0; at < patch.Length;)
        {
            at = _open.Add(patch, at, like);
            bool whole = isLast && at == patch.Length;
            CloseWhenFull(whole ? file + 1 : file, whole ? 0 : offset + at);
        }
    }

    /// <summary>Packs what is left.</summary>
    public void Finish(int files)
    {
        if (_open.Start != (files, 0L))
            Close(files, 0);
        Pack();
    }

    private void CloseWhenFull(int file, long offset)
    {
        if (_open.IsFull)
            Close(file, offset);
    }

    private void Close(int file, long offset)
    {
        _waiting.Add((_open.Finish(file, offset), _open.OutputBytes));
        _open = new FrameWriter(options, file, offset);
        if (_waiting.Count >= options.Threads)
            Pack();
    }

    private void Pack()
    {
        byte[][] packed = new byte[_waiting.Count][];
        Parallel.For(0, packed.Length, new ParallelOptions { MaxDegreeOfParallelism = options.Threads }, i => packed[i] = FrameBody.Pack(_waiting[i].Streams, options.Quality));
        for (int i = 0; i < packed.Length; i++)
        {
            if (packed[i].Length > DeltaLimits.FrameBytes)
                throw new InvalidOperationException($"bug: a frame of {packed[i].Length} bytes, which no reader takes");
            _stored.Add(packed[i]);
            _frames.Add(new DeltaFrame(packed[i].Length, _waiting[i].Output, Digest.Of(packed[i])));
        }
        _waiting.Clear();
    }
}
