using System.Buffers.Binary;

namespace Hostup.Delta.Prediction;

/// <summary>The references in AArch64 instructions, rewritten as if what they refer to had moved: Arm Architecture Reference Manual for A-profile, C4.1 and C6.2.</summary>
/// <param name="old">What is mapped where in the old program.</param>
/// <param name="newAddress">Where an old address went.</param>
internal sealed class ArmCode(ElfLayout old, Func<long, Load, long> newAddress)
{
    private const int WordBytes = 4;
    private const long PageMask = 0xFFF;

    /// <summary>Instructions behind ADRP among which the one is looked for that has the low bits of the address.</summary>
    private const int Window = 8;

    /// <summary>Rewrites a part of a mapping.</summary>
    /// <param name="part">Old bytes.</param>
    /// <param name="oldAddress">Where they lie in memory.</param>
    /// <param name="nextAddress">Where they go.</param>
    public void Predict(Span<byte> part, long oldAddress, long nextAddress)
    {
        for (int i = (int)(-oldAddress & (WordBytes - 1)); i + WordBytes <= part.Length; i += WordBytes)
        {
            uint word = Word(part, i);
            if ((word & 0x9F000000) == 0x90000000)
                PredictPage(part, i, oldAddress + i, nextAddress + i);
            else if (Field(word) is { Bits: > 0 } field)
                PredictRelative(part, i, word, field, oldAddress + i, nextAddress + i);
        }
    }

    /// <summary>Offsets in words from the instruction itself: B and BL; B.cond, CBZ, CBNZ and LDR of a literal; TBZ and TBNZ.</summary>
    private static (int Shift, int Bits, bool ToCode) Field(uint word) =>
        (word & 0x7C000000) == 0x14000000 ? (0, 26, true)
        : (word & 0xFF000010) == 0x54000000 || (word & 0x7E000000) == 0x34000000 ? (5, 19, true)
        : (word & 0x7E000000) == 0x36000000 ? (5, 14, true)
        : (word & 0x3B000000) == 0x18000000 ? (5, 19, false)
        : default;

    private void PredictRelative(Span<byte> part, int at, uint word, (int Shift, int Bits, bool ToCode) field, long oldAddress, long nextAddress)
    {
        long referred = oldAddress + (Signed(word >> field.Shift, field.Bits) * WordBytes);
        if (old.At(referred) is not { } there || (field.ToCode && !there.IsCode))
            return;
        long distance = newAddress(referred, there) - nextAddress;
        if ((distance & (WordBytes - 1)) != 0 || !Fits(distance / WordBytes, field.Bits))
            return;
        uint mask = ((1u << field.Bits) - 1) << field.Shift;
        Put(part, at, (word & ~mask) | (((uint)(distance / WordBytes) << field.Shift) & mask));
    }

    /// <summary>ADRP, which gives a page, and the ADD, load or store behind it that has the rest.</summary>
    private void PredictPage(Span<byte> part, int at, long oldAddress, long nextAddress)
    {
        uint word = Word(part, at);
        long page = (oldAddress & ~PageMask) + (Signed((((word >> 5) & 0x7FFFF) << 2) | ((word >> 29) & 3), 21) << 12);
        int low = FindLow(part, at, word & 31);
        int scale = low < 0 ? 0 : Scale(Word(part, low));
        long referred = page + (low < 0 ? 0 : ((Word(part, low) >> 10) & 0xFFF) << scale);
        if (old.At(referred) is not { } there)
            return;
        long wanted = newAddress(referred, there), pages = ((wanted & ~PageMask) - (nextAddress & ~PageMask)) >> 12, rest = wanted & PageMask;
        if (!Fits(pages, 21) || (low >= 0 && (rest & ((1 << scale) - 1)) != 0))
            return;
        Put(part, at, (word & 0x9F00001F) | (((uint)pages & 3) << 29) | ((((uint)pages >> 2) & 0x7FFFF) << 5));
        if (low >= 0)
            Put(part, low, (Word(part, low) & ~(0xFFFu << 10)) | ((uint)(rest >> scale) << 10));
    }

    /// <summary>Where the instruction lies that adds to a register; -1: it is not near.</summary>
    private static int FindLow(ReadOnlySpan<byte> part, int at, uint register)
    {
        for (int i = at + WordBytes; i <= at + (Window * WordBytes) && i + WordBytes <= part.Length; i += WordBytes)
        {
            uint word = Word(part, i);
            if (((word >> 5) & 31) == register && ((word & 0xFFC00000) == 0x91000000 || (word & 0x3B000000) == 0x39000000))
                return i;
        }
        return -1;
    }

    /// <summary>By how many bits the offset of a load or store is shifted; that of ADD is not.</summary>
    private static int Scale(uint word) => (word & 0x3B000000) != 0x39000000 ? 0 : word >> 30 == 0 && (word & 0x04800000) == 0x04800000 ? 4 : (int)(word >> 30);

    private static long Signed(uint value, int bits) => (long)((ulong)value << (64 - bits)) >> (64 - bits);

    private static bool Fits(long value, int bits) => value >= -(1L << (bits - 1)) && value < 1L << (bits - 1);

    private static uint Word(ReadOnlySpan<byte> part, int at) => BinaryPrimitives.ReadUInt32LittleEndian(part[at..]);

    private static void Put(Span<byte> part, int at, uint word) => BinaryPrimitives.WriteUInt32LittleEndian(part[at..], word);
}
