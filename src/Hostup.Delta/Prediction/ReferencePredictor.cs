using System.Buffers.Binary;

namespace Hostup.Delta.Prediction;

/// <summary>
/// Rewrites old bytes as they would look if nothing but places had changed: what a field of a program refers to is known to have moved,
/// so the field is expected to have moved with it. Where that is wrong, the difference says so.
/// </summary>
/// <remarks>Builder and reader give it the same blocks; its output depends on nothing but them, the map and the layouts.</remarks>
/// <param name="model">How references are found.</param>
/// <param name="map">Where old bytes went.</param>
/// <param name="old">What is mapped where in the old program.</param>
/// <param name="target">The same of the new one.</param>
internal sealed class ReferencePredictor(ProgramModel model, PieceMap map, ElfLayout old, ElfLayout target)
{
    /// <summary>Blocks in which a piece is predicted, from its beginning; a field across two blocks stays as it is.</summary>
    public const int BlockBytes = 64 << 10;

    /// <summary>Lower values are counts and flags, not addresses.</summary>
    private const long LowestAddress = 0x200;

    /// <summary>Version, three encodings, then the pointer to .eh_frame and the count: LSB Core, .eh_frame_hdr.</summary>
    private const int FrameTableHead = 12;

    /// <summary>Rewrites one block.</summary>
    /// <param name="block">Old bytes.</param>
    /// <param name="oldPosition">Where they lie in the old file.</param>
    /// <param name="newPosition">Where they go in the new one.</param>
    public void Predict(Span<byte> block, long oldPosition, long newPosition)
    {
        foreach (var load in old.Loads)
        {
            long from = Math.Max(load.Offset, oldPosition), end = Math.Min(load.Offset + load.FileBytes, oldPosition + block.Length);
            if (end <= from)
                continue;
            var part = block[(int)(from - oldPosition)..(int)(end - oldPosition)];
            if (load.IsCode && model == ProgramModel.Arm64)
                PredictArm(part, load, from, newPosition + from - oldPosition);
            else if (load.IsCode)
                PredictCode(part, load, from, newPosition + from - oldPosition);
            else
                PredictTables(part, load, from, newPosition + from - oldPosition);
        }
    }

    /// <summary>Calls, jumps and operands relative to the instruction, by their byte patterns.</summary>
    private void PredictCode(Span<byte> part, Load load, long oldPosition, long newPosition)
    {
        long oldAddress = oldPosition - load.Offset + load.Address, newAddress = target.AddressOf(newPosition);
        int free = 0;
        for (int i = 1; i + 4 <= part.Length; i++)
        {
            byte before = part[i - 1];
            bool jump = before is 0xE8 or 0xE9 || ((before & 0xF0) == 0x80 && i - 2 >= free && part[i - 2] == 0x0F);
            bool operand = !jump && (before & 0xC7) == 0x05;
            if (i - 1 < free || (!jump && !operand))
                continue;
            long referred = oldAddress + i + 4 + BinaryPrimitives.ReadInt32LittleEndian(part[i..]);
            if (old.At(referred) is not { } there || (jump && !there.IsCode))
                continue;
            BinaryPrimitives.WriteInt32LittleEndian(part[i..], unchecked((int)(NewAddress(referred, there) - (newAddress + i + 4))));
            free = i + 4;
            i = free;
        }
    }

    /// <summary>Linkers for AArch64 put constants, relocations and the tables of stack frames into the mapping of the code.</summary>
    private void PredictArm(Span<byte> part, Load load, long oldPosition, long newPosition)
    {
        int code = HasFrameTable(load) ? (int)Math.Clamp(old.FrameTable - oldPosition, 0, part.Length) : part.Length;
        PredictAddresses(part[..code], oldPosition);
        new ArmCode(old, NewAddress).Predict(part[..code], oldPosition - load.Offset + load.Address, target.AddressOf(newPosition));
        if (code < part.Length)
            PredictFrames(part[code..], load, oldPosition + code, newPosition + code);
    }

    private bool HasFrameTable(Load load) => old.FrameTable >= load.Offset && old.FrameTable < load.Offset + load.FileBytes;

    /// <summary>Addresses in aligned words, and the two tables of stack frames.</summary>
    private void PredictTables(Span<byte> part, Load load, long oldPosition, long newPosition)
    {
        int at = 0;
        if (HasFrameTable(load))
        {
            at = PredictAddresses(part[..(int)Math.Clamp(old.FrameTable - oldPosition, 0, part.Length)], oldPosition);
            PredictFrames(part[at..], load, oldPosition + at, newPosition + at);
            return;
        }
        PredictAddresses(part, oldPosition);
    }

    private int PredictAddresses(Span<byte> part, long oldPosition)
    {
        for (int i = (int)(-oldPosition & 7); i + 8 <= part.Length; i += 8)
        {
            long value = BinaryPrimitives.ReadInt64LittleEndian(part[i..]);
            if (value >= LowestAddress && old.At(value) is { } there)
                BinaryPrimitives.WriteInt64LittleEndian(part[i..], NewAddress(value, there));
        }
        return part.Length;
    }

    /// <summary>Pairs relative to the table's beginning, then entries that are relative to themselves.</summary>
    private void PredictFrames(Span<byte> part, Load load, long oldPosition, long newPosition)
    {
        long oldTable = old.FrameTable - load.Offset + load.Address;
        long newTable = target.FrameTable < 0 ? target.AddressOf(map.ToNew(old.FrameTable)) : target.AddressOf(target.FrameTable);
        long oldAddress = oldPosition - load.Offset + load.Address, newAddress = target.AddressOf(newPosition);
        long tableEnd = old.FrameTable + old.FrameTableBytes;
        for (int i = (int)(-oldPosition & 3); i + 4 <= part.Length; i += 4)
        {
            bool inTable = oldPosition + i < tableEnd;
            if (inTable && oldPosition + i < old.FrameTable + FrameTableHead)
                continue;
            int value = BinaryPrimitives.ReadInt32LittleEndian(part[i..]);
            long referred = inTable ? oldTable + value : oldAddress + i + value;
            if (value != 0 && old.At(referred) is { } there && (inTable || there.IsCode))
                BinaryPrimitives.WriteInt32LittleEndian(part[i..], unchecked((int)(NewAddress(referred, there) - (inTable ? newTable : newAddress + i))));
        }
    }

    /// <summary>Where an old address went. What begins as zeros has no place in the file and moves with the end of what has.</summary>
    private long NewAddress(long address, Load load)
    {
        long inLoad = address - load.Address;
        if (inLoad < load.FileBytes)
            return target.AddressOf(map.ToNew(load.Offset + inLoad));
        return load.FileBytes == 0 ? address : target.AddressOf(map.ToNew(load.Offset + load.FileBytes - 1)) + 1 + inLoad - load.FileBytes;
    }
}
