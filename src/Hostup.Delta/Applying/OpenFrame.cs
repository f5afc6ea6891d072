using System.Security.Cryptography;
using Hostup.Delta.Format;

namespace Hostup.Delta.Applying;

/// <summary>A frame of contents whose stored bytes were checked.</summary>
internal sealed class OpenFrame : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly PackedStream[] _streams;
    private readonly byte[] _expected;

    public OpenFrame(ReadOnlyMemory<byte> stored)
    {
        _streams = FrameBody.Open(stored, (int)FrameStreams.Count);
        Makings = _streams[(int)FrameStreams.Makings].Whole();
        Alike = _streams[(int)FrameStreams.Alike].Whole();
        Fresh = _streams[(int)FrameStreams.Fresh].Whole();
        Jumps = _streams[(int)FrameStreams.Jumps].Whole();
        Start = (Makings.Count(int.MaxValue), Makings.Number(DeltaLimits.FileBytes));
        End = (Makings.Count(int.MaxValue), Makings.Number(DeltaLimits.FileBytes));
        _expected = Makings.Bytes(SHA256.HashSizeInBytes).ToArray();
    }

    /// <summary>File, in the order of writing, and offset in it, with which its output begins.</summary>
    public (int File, long Offset) Start { get; }

    /// <summary>With which the next frame begins.</summary>
    public (int File, long Offset) End { get; }

    public ByteSource Makings { get; }

    public ByteSource Alike { get; }

    public ByteSource Fresh { get; }

    public ByteSource Jumps { get; }

    public PackedStream Differences => _streams[(int)FrameStreams.Differences];

    public PackedStream FreshBytes => _streams[(int)FrameStreams.FreshBytes];

    /// <summary>Counts output.</summary>
    public void Made(ReadOnlySpan<byte> output) => _hash.AppendData(output);

    /// <summary>All of it must be used up and have given what it was built to give.</summary>
    public void Finish()
    {
        foreach (var column in (ByteSource[])[Makings, Alike, Fresh, Jumps])
            column.MustEnd();
        Differences.MustEnd();
        FreshBytes.MustEnd();
        if (!_hash.GetHashAndReset().AsSpan().SequenceEqual(_expected))
            throw DeltaErrors.WrongOld("an old file has another content than when the delta was built");
    }

    public void Dispose()
    {
        _hash.Dispose();
        foreach (var stream in _streams)
            stream.Dispose();
    }
}
