using System.Buffers.Binary;
using System.Security.Cryptography;
using Hostup.Updates.Files;

namespace Hostup.Updates.Journal;

/// <summary>
/// One small record, overwritten often and in place: two slots of a preallocated file, written in turn, each with a number and a check, so
/// that a cut leaves the one before it. The file is as long as ever; it needs no space.
/// </summary>
/// <param name="files">Files.</param>
/// <param name="path">The file.</param>
/// <param name="fileBytes">Its length; one of another length holds nothing.</param>
/// <param name="offset">Where the first slot begins.</param>
/// <param name="slotBytes">Length of a slot.</param>
internal sealed class TwoSlots(IFiles files, string path, int fileBytes, int offset, int slotBytes)
{
    private const int FrameBytes = 18;

    /// <summary>Most bytes of a record.</summary>
    public int MaxBytes => slotBytes - FrameBytes;

    /// <summary>The newest record; null when there is none.</summary>
    public byte[]? Read() => Newest().Payload;

    /// <summary>Replaces the record. Durable when it returns; a cut leaves the old or the new one.</summary>
    public void Write(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaxBytes)
            throw new InvalidOperationException($"bug: a record of {path} has {payload.Length} bytes");
        ulong number = Newest().Number + 1;
        byte[] frame = new byte[FrameBytes + payload.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(frame, number);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(8), (ushort)payload.Length);
        payload.CopyTo(frame.AsSpan(FrameBytes));
        Check(frame).CopyTo(frame.AsSpan(10));
        files.Overwrite(path, offset + ((int)(number % 2) * slotBytes), frame);
        files.Flush(path);
    }

    private (ulong Number, byte[]? Payload) Newest()
    {
        if (files.Length(path) != fileBytes)
            return (0, null);
        byte[] all = files.Read(path);
        var (first, second) = (Parse(all.AsSpan(offset, slotBytes)), Parse(all.AsSpan(offset + slotBytes, slotBytes)));
        return first.Number > second.Number ? first : second;
    }

    private (ulong Number, byte[]? Payload) Parse(ReadOnlySpan<byte> slot)
    {
        int length = BinaryPrimitives.ReadUInt16LittleEndian(slot[8..]);
        if (length == 0 || length > MaxBytes)
            return (0, null);
        byte[] frame = slot[..(FrameBytes + length)].ToArray();
        return Check(frame).SequenceEqual(frame.AsSpan(10, 8)) ? (BinaryPrimitives.ReadUInt64LittleEndian(frame), frame[FrameBytes..]) : (0, null);
    }

    /// <summary>Head of SHA-256 over number, length and payload.</summary>
    private static ReadOnlySpan<byte> Check(byte[] frame)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(frame.AsSpan(0, 10));
        hash.AppendData(frame.AsSpan(FrameBytes));
        return hash.GetHashAndReset().AsSpan(0, 8);
    }
}
