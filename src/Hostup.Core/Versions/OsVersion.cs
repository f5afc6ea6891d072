using System.Globalization;
using Hostup.Core.Errors;

namespace Hostup.Core.Versions;

/// <summary>
/// A version of a host OS, ordered as upstream orders its versions: semantic version first, then the revision (<c>+rev2</c> below
/// <c>+rev11</c>, none is 0), then a development build below any other, then the build metadata as text.
/// </summary>
/// <remarks>
/// Rolling (<c>2.98.33+rev1</c>) and long-term (<c>2019.07.0</c>) versions are both understood; a long-term version is above every rolling one.
/// Two versions are equal when their order is equal, however they are written: <c>18.04.1</c> equals <c>18.4.1</c>.
/// </remarks>
public sealed class OsVersion : IComparable<OsVersion>, IEquatable<OsVersion>
{
    /// <summary>Longest text that is read, in characters; semantic versioning parsers of upstream share this limit.</summary>
    public const int MaxLength = 256;

    internal OsVersion(string text, long major, long minor, long patch, IReadOnlyList<string> prerelease, IReadOnlyList<string> build)
    {
        Text = text;
        Major = major;
        Minor = minor;
        Patch = patch;
        Prerelease = prerelease;
        Build = build;
    }

    /// <summary>The text it was read from, without white space around it.</summary>
    public string Text { get; }

    /// <summary>First number.</summary>
    public long Major { get; }

    /// <summary>Second number.</summary>
    public long Minor { get; }

    /// <summary>Third number.</summary>
    public long Patch { get; }

    /// <summary>Identifiers after <c>-</c>; empty for a final version.</summary>
    public IReadOnlyList<string> Prerelease { get; }

    /// <summary>Identifiers after <c>+</c>, those written in other ways included: <c>2.0.0.rev1 (prod)</c> has <c>rev1</c> and <c>prod</c>.</summary>
    public IReadOnlyList<string> Build { get; }

    /// <summary>The digits of the first <c>revN</c> in <see cref="Build"/>, without leading zeros; <c>0</c> when there is none.</summary>
    public string Revision => Build.FirstOrDefault(VersionText.IsRevision)?[3..] ?? "0";

    /// <summary>Whether <c>dev</c> is in <see cref="Build"/>.</summary>
    public bool IsDevelopment => Build.Contains("dev");

    /// <summary>Orders raw texts and never fails: null is below invalid, invalid below valid, invalid ones by ordinal.</summary>
    public static IComparer<string?> TextOrder { get; } = Comparer<string?>.Create(CompareText);

    /// <summary>Reads a version.</summary>
    /// <exception cref="HostupException"><c>bad-value</c> for anything that is not three numbers with an optional pre-release and build.</exception>
    public static OsVersion Parse(string text) => TryParse(text, out var version)
        ? version!
        : throw new HostupException(HostupErrors.BadValue, $"cannot read OS version '{text}'", "it is not three numbers with an optional pre-release and build, like 2.98.33+rev1", "give the version as /etc/os-release VERSION names it");

    /// <summary>Reads a version; false for null and anything that is none.</summary>
    public static bool TryParse(string? text, out OsVersion? version)
    {
        version = text is null ? null : VersionText.Read(text);
        return version is not null;
    }

    /// <summary>Orders raw texts and never fails: null is below invalid, invalid below valid, invalid ones by ordinal.</summary>
    /// <returns>Below zero, zero or above zero.</returns>
    public static int CompareText(string? left, string? right)
    {
        if (left is null || right is null)
            return (left is null ? 0 : 1) - (right is null ? 0 : 1);
        bool leftValid = TryParse(left, out var a), rightValid = TryParse(right, out var b);
        if (leftValid && rightValid)
            return a!.CompareTo(b);
        return leftValid || rightValid ? (leftValid ? 1 : -1) : string.CompareOrdinal(left, right);
    }

    /// <inheritdoc/>
    public int CompareTo(OsVersion? other)
    {
        if (other is null)
            return 1;
        int order = Major.CompareTo(other.Major);
        if (order == 0)
            order = Minor.CompareTo(other.Minor);
        if (order == 0)
            order = Patch.CompareTo(other.Patch);
        if (order == 0)
            order = VersionText.ComparePrerelease(Prerelease, other.Prerelease);
        if (order == 0)
            order = VersionText.CompareDigits(Revision, other.Revision);
        if (order == 0)
            order = other.IsDevelopment.CompareTo(IsDevelopment);
        return order == 0 ? VersionText.CompareWords(string.Join('.', Build), string.Join('.', other.Build)) : order;
    }

    /// <inheritdoc/>
    public bool Equals(OsVersion? other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as OsVersion);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Major, Minor, Patch, string.Join('.', Prerelease), string.Join('.', Build));

    /// <summary>Whether both are equal or both null.</summary>
    public static bool operator ==(OsVersion? left, OsVersion? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(OsVersion? left, OsVersion? right) => !(left == right);

    /// <summary>Older than.</summary>
    public static bool operator <(OsVersion? left, OsVersion? right) => left is null ? right is not null : left.CompareTo(right) < 0;

    /// <summary>Newer than.</summary>
    public static bool operator >(OsVersion? left, OsVersion? right) => right < left;

    /// <summary>Not newer than.</summary>
    public static bool operator <=(OsVersion? left, OsVersion? right) => !(right < left);

    /// <summary>Not older than.</summary>
    public static bool operator >=(OsVersion? left, OsVersion? right) => !(left < right);

    /// <summary>The plain form: <c>2.0.0-rc1+rev1.prod</c>.</summary>
    public string ToPlainText()
    {
        string core = string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Patch}");
        string prerelease = Prerelease is [] ? "" : "-" + string.Join('.', Prerelease);
        return core + prerelease + (Build is [] ? "" : "+" + string.Join('.', Build));
    }

    /// <summary>The text it was read from.</summary>
    public override string ToString() => Text;
}
