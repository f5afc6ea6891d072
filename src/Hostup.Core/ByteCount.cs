using System.Globalization;

namespace Hostup.Core;

/// <summary>A number of bytes. Prints in binary units with one decimal: <c>118.0 MiB</c>.</summary>
/// <param name="Bytes">Bytes, zero or more.</param>
public readonly record struct ByteCount(long Bytes) : IComparable<ByteCount>
{
    /// <summary>So many mebibytes.</summary>
    public static ByteCount FromMiB(long mebibytes) => new(mebibytes << 20);

    /// <inheritdoc/>
    public int CompareTo(ByteCount other) => Bytes.CompareTo(other.Bytes);

    /// <summary>Sum.</summary>
    public static ByteCount operator +(ByteCount a, ByteCount b) => new(a.Bytes + b.Bytes);

    /// <summary>Difference.</summary>
    public static ByteCount operator -(ByteCount a, ByteCount b) => new(a.Bytes - b.Bytes);

    /// <summary>Less than.</summary>
    public static bool operator <(ByteCount a, ByteCount b) => a.Bytes < b.Bytes;

    /// <summary>More than.</summary>
    public static bool operator >(ByteCount a, ByteCount b) => a.Bytes > b.Bytes;

    /// <summary>At most.</summary>
    public static bool operator <=(ByteCount a, ByteCount b) => a.Bytes <= b.Bytes;

    /// <summary>At least.</summary>
    public static bool operator >=(ByteCount a, ByteCount b) => a.Bytes >= b.Bytes;

    /// <inheritdoc/>
    public override string ToString()
    {
        if (Math.Abs(Bytes) < 1024)
            return string.Create(CultureInfo.InvariantCulture, $"{Bytes} B");
        double value = Bytes;
        int unit = -1;
        do
        {
            value /= 1024;
            unit++;
        }
        while (Math.Abs(value) >= 1024 && unit < 3);
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {"KMGT"[unit]}iB");
    }
}
