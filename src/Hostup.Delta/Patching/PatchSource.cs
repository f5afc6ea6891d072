using Hostup.Delta.Format;
using Hostup.Delta.Members;

namespace Hostup.Delta.Patching;

/// <summary>What old bytes of a patch come from.</summary>
/// <param name="Kind">Which tree.</param>
/// <param name="Index">Index of the file in its listing.</param>
/// <param name="Packed">Of <see cref="SourceKind.Unpacked"/>: the part that is unpacked.</param>
internal readonly record struct PatchSource(SourceKind Kind, int Index, PackedRange Packed)
{
    public static PatchSource Old(int index) => new(SourceKind.Old, index, default);

    public void Write(ByteSink sink, int like)
    {
        sink.PutNumber((int)Kind);
        sink.PutSigned(Index - like);
        if (Kind != SourceKind.Unpacked)
            return;
        sink.PutNumber((int)Packed.Kind);
        sink.PutNumber(Packed.Start);
        sink.PutNumber(Packed.Length);
    }

    public static PatchSource Read(ByteSource source, int like)
    {
        var kind = (SourceKind)source.Number((int)SourceKind.Unpacked);
        long index = unchecked(source.Signed() + like);
        if (index is < 0 or > DeltaLimits.Entries)
            throw DeltaErrors.Bad($"it uses entry {index}, which is no file");
        if (kind != SourceKind.Unpacked)
            return new PatchSource(kind, (int)index, default);
        var packing = (PackingKind)source.Number((int)PackingKind.Zstd);
        var range = new PackedRange(packing, source.Number(DeltaLimits.FileBytes), source.Number(DeltaLimits.FileBytes));
        return packing != 0 ? new PatchSource(kind, (int)index, range) : throw DeltaErrors.Bad("it unpacks a file in a way that this program does not know");
    }
}

/// <summary>Where a source lies.</summary>
internal enum SourceKind
{
    /// <summary>A file of the old tree.</summary>
    Old = 0,

    /// <summary>A file of the new tree that is written already.</summary>
    New = 1,

    /// <summary>A file of the old tree, with a packed part of it unpacked.</summary>
    Unpacked = 2,
}
