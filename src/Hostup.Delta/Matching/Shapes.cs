using System.Text;

namespace Hostup.Delta.Matching;

/// <summary>Paths and names without their version numbers.</summary>
internal static class Shapes
{
    /// <summary>Each run of digits is one mark.</summary>
    public static string Of(ReadOnlySpan<byte> path)
    {
        var shape = new StringBuilder(path.Length);
        foreach (byte b in path)
            if (!char.IsAsciiDigit((char)b))
                shape.Append((char)b);
            else if (shape.Length == 0 || shape[^1] != '\uFFFF')
                shape.Append('\uFFFF');
        return shape.ToString();
    }
}
