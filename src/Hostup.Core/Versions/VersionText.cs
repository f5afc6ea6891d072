using System.Globalization;
using System.Text.RegularExpressions;

namespace Hostup.Core.Versions;

/// <summary>Reads the many ways in which host OS versions are written, and orders their parts.</summary>
internal static partial class VersionText
{
    private const string IdentifierCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";

    /// <summary>Largest number that upstream's parsers take: 2^53 - 1.</summary>
    private const long MaxNumber = (1L << 53) - 1;

    /// <summary>The version, or null when the text is none.</summary>
    public static OsVersion? Read(string raw)
    {
        string text = raw.Trim();
        if (text.Length > OsVersion.MaxLength || Whole().Match(text) is not { Success: true } whole)
            return null;
        if (!TryNumber(whole.Groups["major"].Value, out long major) || major.ToString(CultureInfo.InvariantCulture) != whole.Groups["major"].Value
            || !TryNumber(whole.Groups["minor"].Value, out long minor) || !TryNumber(whole.Groups["patch"].Value, out long patch))
            return null;
        if (!TryTail(whole.Groups["tail"].Value, out var prerelease, out var build))
            return null;
        string variant = whole.Groups["variant"].Value;
        if (variant.Length > 0 && TryIdentifiers(variant, out var words))
            build.AddRange(words);
        return new OsVersion(text, major, minor, patch, prerelease, [.. build.Select(WithoutZeros)]);
    }

    /// <summary>Whether a build identifier is <c>revN</c>.</summary>
    public static bool IsRevision(string word) => word.Length > 3 && word.StartsWith("rev", StringComparison.Ordinal) && IsDigits(word.AsSpan(3));

    /// <summary>Orders pre-releases: none is above any; numbers below words; a longer one above its own beginning.</summary>
    public static int ComparePrerelease(IReadOnlyList<string> left, IReadOnlyList<string> right)
    {
        if (left.Count == 0 || right.Count == 0)
            return (left.Count == 0 ? 1 : 0) - (right.Count == 0 ? 1 : 0);
        for (int i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            bool leftNumber = IsDigits(left[i]), rightNumber = IsDigits(right[i]);
            int order = leftNumber && rightNumber ? CompareDigits(left[i], right[i])
                : leftNumber != rightNumber ? (leftNumber ? -1 : 1)
                : string.CompareOrdinal(left[i], right[i]);
            if (order != 0)
                return order;
        }
        return left.Count.CompareTo(right.Count);
    }

    /// <summary>Orders numbers of any size written without leading zeros.</summary>
    public static int CompareDigits(string left, string right) =>
        left.Length != right.Length ? left.Length.CompareTo(right.Length) : string.CompareOrdinal(left, right);

    /// <summary>Orders words as a dictionary does: by letter first, lower case before upper case only between equal words.</summary>
    public static int CompareWords(string left, string right)
    {
        int order = string.CompareOrdinal(left.ToUpperInvariant(), right.ToUpperInvariant());
        return order == 0 ? string.CompareOrdinal(right, left) : order;
    }

    /// <summary>Optional OS name and v, three numbers, anything, an optional variant in parentheses.</summary>
    [GeneratedRegex(@"^(?:(?:resin|balena)\s*os\s+)?v?(?<major>[0-9]+)\.(?<minor>[0-9]+)\.(?<patch>[0-9]+)(?<tail>[^\s()]*)(?:\s+\((?<variant>[^()]*)\))?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Whole();

    /// <summary>What stands after the three numbers: <c>-pre</c>, <c>+build</c>, <c>_build</c>, <c>.rev1</c>, <c>.dev</c>, <c>.prod</c>.</summary>
    private static bool TryTail(string tail, out List<string> prerelease, out List<string> build)
    {
        prerelease = [];
        build = [];
        if (tail.Length == 0)
            return true;
        if (tail[0] == '.')
            return IsBuildAfterDot(tail.AsSpan(1)) && TryIdentifiers(tail[1..], out build);
        if (tail[0] is '+' or '_')
            return TryIdentifiers(tail[1..], out build);
        if (tail[0] != '-')
            return false;
        int plus = tail.IndexOf('+', StringComparison.Ordinal);
        if (!TryIdentifiers(plus < 0 ? tail[1..] : tail[1..plus], out prerelease) || (plus >= 0 && !TryIdentifiers(tail[(plus + 1)..], out build)))
            return false;
        prerelease = [.. prerelease.Select(WithoutZeros)];
        if (plus < 0)
            MoveRevisionToBuild(prerelease, build);
        return true;
    }

    private static bool IsBuildAfterDot(ReadOnlySpan<char> text)
    {
        int end = text.IndexOf('.');
        var word = end < 0 ? text : text[..end];
        return word.StartsWith("rev", StringComparison.Ordinal) || word.SequenceEqual("dev") || word.SequenceEqual("prod");
    }

    /// <summary><c>-beta.8.rev1</c> is the pre-release beta.8 of build rev1; <c>-rc5.rev1</c> is the pre-release rc5.rev1.</summary>
    private static void MoveRevisionToBuild(List<string> prerelease, List<string> build)
    {
        int at = prerelease.FindIndex(2 <= prerelease.Count ? 2 : prerelease.Count, word => word.StartsWith("rev", StringComparison.Ordinal));
        if (at < 0 || !IsDigits(prerelease[at - 1]))
            return;
        build.AddRange(prerelease[at..]);
        prerelease.RemoveRange(at, prerelease.Count - at);
    }

    private static bool TryIdentifiers(string text, out List<string> words)
    {
        words = [.. text.Split('.')];
        return words.TrueForAll(word => word.Length > 0 && !word.AsSpan().ContainsAnyExcept(IdentifierCharacters));
    }

    private static bool TryNumber(string digits, out long number) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= MaxNumber;

    private static string WithoutZeros(string word)
    {
        if (IsDigits(word))
            return Trimmed(word);
        return IsRevision(word) ? "rev" + Trimmed(word[3..]) : word;
    }

    private static string Trimmed(string digits) => digits.TrimStart('0') is { Length: > 0 } rest ? rest : "0";

    private static bool IsDigits(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9');
}
