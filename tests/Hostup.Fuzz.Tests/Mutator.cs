using System.Text;

namespace Hostup.Fuzz.Tests;

/// <summary>Makes a bad document of a good one; the same seed makes the same.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly byte[][] Words = [.. new[]
    {
        "-1", "0", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e999", "null", "true", "\"\"", "[]", "{}", "{", "}", "[", "]", "\\u0000", "\\ud800", "\0",
        "77777777777", "sha256:", "..", "/", "\r\n", "GNU.sparse.size=1099511627776", new string('[', 200), new string('A', 3000),
    }.Select(Encoding.Latin1.GetBytes)];

    private readonly Random _random = new(seed);

    /// <param name="good">The document.</param>
    /// <param name="other">Another good one, parts of which are mixed in.</param>
    public byte[] Mutate(byte[] good, byte[] other)
    {
        var bytes = new List<byte>(good);
        for (int times = _random.Next(1, 5); times > 0; times--)
            MutateOnce(bytes, other);
        return [.. bytes];
    }

    private void MutateOnce(List<byte> bytes, byte[] other)
    {
        int at = _random.Next(bytes.Count + 1);
        int length = Math.Min(_random.Next(1, 40), bytes.Count - at);
        switch (_random.Next(7))
        {
            case 0 when bytes.Count > 0:
                bytes[Math.Min(at, bytes.Count - 1)] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes.RemoveRange(at, length);
                break;
            case 2:
                bytes.InsertRange(at, Words[_random.Next(Words.Length)]);
                break;
            case 3:
                bytes.RemoveRange(at, length);
                bytes.InsertRange(at, Words[_random.Next(Words.Length)]);
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            default:
                int from = _random.Next(other.Length + 1);
                bytes.InsertRange(at, other.AsSpan(from, Math.Min(_random.Next(1, 600), other.Length - from)).ToArray());
                break;
        }
    }
}
