using System.Buffers.Binary;
using Hostup.Delta.Format;

namespace Hostup.Delta.Prediction;

/// <summary>A part of a program that is mapped into memory.</summary>
/// <param name="Offset">Where it lies in the file.</param>
/// <param name="Address">Where it lies in memory.</param>
/// <param name="FileBytes">Bytes in the file.</param>
/// <param name="MemoryBytes">Bytes in memory; what is more than in the file begins as zeros.</param>
/// <param name="IsCode">It can be executed.</param>
internal readonly record struct Load(long Offset, long Address, long FileBytes, long MemoryBytes, bool IsCode);

/// <summary>What the program headers of a 64-bit ELF file say: System V ABI, chapter 5.</summary>
/// <param name="Machine">e_machine.</param>
/// <param name="Loads">PT_LOAD, in the order of the file.</param>
/// <param name="FrameTable">Offset of .eh_frame_hdr (PT_GNU_EH_FRAME); -1: none.</param>
/// <param name="FrameTableBytes">Its length.</param>
internal sealed record ElfLayout(int Machine, IReadOnlyList<Load> Loads, long FrameTable, long FrameTableBytes)
{
    /// <summary>Program headers follow the file header in everything that compilers make.</summary>
    public const int HeadBytes = 4096;
    private const int X64 = 62, Arm64 = 183;

    private const int MaxLoads = 16;
    private const int ProgramHeaderBytes = 56;
    private const uint TypeLoad = 1;
    private const uint TypeFrameTable = 0x6474E550;

    /// <summary>How references of such a program are found.</summary>
    public ProgramModel Model => Machine switch { X64 => ProgramModel.X64, Arm64 => ProgramModel.Arm64, _ => ProgramModel.None };

    /// <summary>Reads the beginning of a file.</summary>
    /// <returns>Null when it is no 64-bit little-endian program or library.</returns>
    public static ElfLayout? Parse(ReadOnlySpan<byte> head)
    {
        if (head.Length < 64 || !head.StartsWith((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            return null;
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(head[32..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(head[56..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(head[54..]) != ProgramHeaderBytes || table > HeadBytes || (int)table + (count * ProgramHeaderBytes) > head.Length)
            return null;
        var loads = new List<Load>();
        (long frameTable, long frameTableBytes) = (-1, 0);
        for (int i = 0; i < count; i++)
        {
            var header = head.Slice((int)table + (i * ProgramHeaderBytes), ProgramHeaderBytes);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(header);
            long offset = Field(header, 8), address = Field(header, 16), inFile = Field(header, 32), inMemory = Field(header, 40);
            if ((offset | address | inFile | inMemory) < 0 || Math.Max(Math.Max(offset, address), Math.Max(inFile, inMemory)) > DeltaLimits.FileBytes)
                return null;
            if (type == TypeLoad)
                loads.Add(new Load(offset, address, inFile, inMemory, (header[4] & 1) != 0));
            if (type == TypeFrameTable)
                (frameTable, frameTableBytes) = (offset, inFile);
        }
        return loads.Count is 0 or > MaxLoads ? null : new ElfLayout(BinaryPrimitives.ReadUInt16LittleEndian(head[18..]), loads, frameTable, frameTableBytes);
    }

    /// <summary>Address of a place in the file; of one that is not mapped the nearest mapping before it counts.</summary>
    public long AddressOf(long offset)
    {
        var best = Loads[0];
        foreach (var load in Loads)
            if (load.Offset <= offset && load.FileBytes > 0)
                best = load;
        return offset - best.Offset + best.Address;
    }

    /// <summary>The mapping that holds an address; null: none.</summary>
    public Load? At(long address)
    {
        foreach (var load in Loads)
            if (address >= load.Address && address - load.Address < load.MemoryBytes)
                return load;
        return null;
    }

    /// <summary>Writes what a predictor needs of the new file, which the reader has not got yet.</summary>
    public void Write(ByteSink sink)
    {
        sink.PutNumber(Loads.Count);
        foreach (var load in Loads)
        {
            sink.PutNumber(load.Offset);
            sink.PutNumber(load.Address);
            sink.PutNumber(load.FileBytes);
        }
        sink.PutNumber(FrameTable + 1);
    }

    public static ElfLayout Read(ByteSource source)
    {
        var loads = new Load[source.Count(MaxLoads)];
        for (int i = 0; i < loads.Length; i++)
            loads[i] = new Load(source.Number(DeltaLimits.FileBytes), source.Number(DeltaLimits.FileBytes), source.Number(DeltaLimits.FileBytes), 0, false);
        return loads is [] ? throw DeltaErrors.Bad("a program has no mapping") : new ElfLayout(0, loads, source.Number(DeltaLimits.FileBytes) - 1, 0);
    }

    private static long Field(ReadOnlySpan<byte> header, int at) => BinaryPrimitives.ReadInt64LittleEndian(header[at..]);
}
