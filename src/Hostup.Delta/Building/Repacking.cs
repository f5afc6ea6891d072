using Hostup.Delta.Members;

namespace Hostup.Delta.Building;

/// <summary>A new file that is patched unpacked and packed again on the device; proved to give the same bytes.</summary>
/// <param name="Packing">How.</param>
/// <param name="Packed">The file unpacked.</param>
/// <param name="Output">The file as it is.</param>
internal sealed record Repacking(Packing Packing, PackedFile Packed, byte[] Output)
{
    /// <summary>Bytes behind the packed part.</summary>
    public long TailBytes => Output.Length - Packed.Range.Start - Packed.Range.Length;
}
