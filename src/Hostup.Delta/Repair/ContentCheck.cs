using System.Buffers.Binary;
using System.Security.Cryptography;
using Hostup.Core;

namespace Hostup.Delta.Repair;

/// <summary>The first 8 bytes of a SHA-256 as a number: tells content that changed by accident.</summary>
internal static class ContentCheck
{
    private const int BlockBytes = 64 << 10;

    public static ulong Of(Digest digest) => BinaryPrimitives.ReadUInt64LittleEndian(Convert.FromHexString(digest.Hex));

    /// <summary>Reads all of a content.</summary>
    public static ulong Of(IDeltaContent content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[(int)Math.Min(BlockBytes, content.Length)];
        for (long at = 0; at < content.Length; at += BlockBytes)
        {
            var part = block.AsSpan(0, (int)Math.Min(BlockBytes, content.Length - at));
            content.Read(at, part);
            hash.AppendData(part);
        }
        return BinaryPrimitives.ReadUInt64LittleEndian(hash.GetHashAndReset());
    }
}
