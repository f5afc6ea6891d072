using Hostup.Core;
using Hostup.Delta.Format;
using Hostup.Delta.Listing;

namespace Hostup.Delta.Tests;

/// <summary>Deltas that are wrong inside and right in all hashes of the transport.</summary>
internal static class Forged
{
    /// <summary>Unpacks a frame, alters one of its streams and packs it again.</summary>
    public static byte[] Alter(byte[] delta, DeltaHeader header, Random random)
    {
        int chosen = random.Next(3) == 0 ? 0 : random.Next(header.Frames.Count);
        int count = chosen == 0 ? (int)ListingStreams.Count : (int)FrameStreams.Count;
        var frames = Split(delta, header);
        var streams = FrameBody.Open(frames[chosen], count).Select(Unpack).ToList();
        int stream = random.Next(count);
        streams[stream] = Mutate(streams[stream], random);
        frames[chosen] = FrameBody.Pack([.. streams.Select(s => (ReadOnlyMemory<byte>)s)], 1);
        var described = header.Frames.Select((f, i) => f with { StoredBytes = frames[i].Length, Stored = Digest.Of(frames[i]) });
        return [.. (header with { Frames = [.. described] }).Write(), .. frames.SelectMany(f => f)];
    }

    private static List<byte[]> Split(byte[] delta, DeltaHeader header)
    {
        int at = (int)header.HeaderBytes;
        var frames = new List<byte[]>();
        foreach (var frame in header.Frames)
        {
            frames.Add(delta[at..(at + (int)frame.StoredBytes)]);
            at += (int)frame.StoredBytes;
        }
        return frames;
    }

    private static byte[] Unpack(PackedStream stream)
    {
        var whole = stream.Whole();
        return whole.Bytes(whole.Left).ToArray();
    }

    private static byte[] Mutate(byte[] bytes, Random random)
    {
        var list = bytes.ToList();
        for (int times = random.Next(1, 4); times > 0; times--)
        {
            int at = random.Next(list.Count + 1);
            if (random.Next(3) == 0)
                list.InsertRange(at, TestTrees.Bytes(random.Next(), random.Next(1, 12)));
            else if (at < list.Count && random.Next(2) == 0)
                list[at] = (byte)random.Next(256);
            else
                list.RemoveRange(at, Math.Min(random.Next(1, 8), list.Count - at));
        }
        return [.. list];
    }
}
