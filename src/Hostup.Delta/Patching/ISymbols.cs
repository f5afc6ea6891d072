namespace Hostup.Delta.Patching;

/// <summary>A text whose suffixes are sorted.</summary>
internal interface ISymbols
{
    int Length { get; }

    int this[int index] { get; }
}

/// <summary>The bytes of a file.</summary>
internal readonly struct ByteSymbols(byte[] bytes, int length) : ISymbols
{
    public int Length => length;

    public int this[int index] => bytes[index];
}

/// <summary>Names of substrings, one level down; they lie in the array that is being sorted.</summary>
internal readonly struct NameSymbols(int[] names, int start, int length) : ISymbols
{
    public int Length => length;

    public int this[int index] => names[start + index];
}
