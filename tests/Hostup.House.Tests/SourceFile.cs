using System.Text.RegularExpressions;

namespace Hostup.House.Tests;

/// <summary>One C# file.</summary>
/// <param name="Path">Relative to the root, with '/'.</param>
/// <param name="Text">Its text.</param>
internal sealed partial record SourceFile(string Path, string Text)
{
    /// <summary>File name without its ending.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Number of lines.</summary>
    public int Lines => Text.AsSpan().TrimEnd('\n').Count('\n') + 1;

    /// <summary>Lines with their numbers, comments left out.</summary>
    public IEnumerable<(int Number, string Line)> Code => Text.Split('\n')
        .Select((line, index) => (index + 1, Comment().Replace(line, "")));

    /// <summary>Names of the types that are declared at the top: namespaces are file-scoped, so these are not indented.</summary>
    public IReadOnlyList<string> TopTypes => [.. TopType().Matches(Text).Select(m => m.Groups[1].Value)];

    /// <summary>Names of all types that are declared, nested ones too.</summary>
    public IReadOnlyList<string> Types => [.. AnyType().Matches(Text).Select(m => m.Groups[1].Value)];

    // A comment begins a line or follows a blank; "http://" does not begin one.
    [GeneratedRegex(@"(^|(?<=\s))//.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^(?:(?:public|internal|file|sealed|static|abstract|partial|readonly|ref|unsafe) )+(?:record struct|record class|record|class|struct|interface|enum) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TopType();

    [GeneratedRegex(@"^ *(?:(?:public|internal|protected|private|file|sealed|static|abstract|partial|readonly|ref|unsafe) )+(?:record struct|record class|record|class|struct|interface|enum) (\w+)", RegexOptions.Multiline)]
    private static partial Regex AnyType();
}
