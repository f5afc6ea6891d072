using System.Text.RegularExpressions;

namespace Hostup.House.Tests;

public sealed partial class SourceTests
{
    private const int SourceLines = 300;
    private const int TestLines = 500;

    [Fact]
    public void Core_and_Updates_do_no_input_or_output_of_their_own() =>
        Repository.None(from file in Repository.Under("src/Hostup.Core/").Concat(Repository.Under("src/Hostup.Updates/"))
                        from line in file.Code
                        let found = Direct().Match(line.Line)
                        where found.Success
                        select $"{file.Path}:{line.Number} uses {found.Value}");

    [Fact]
    public void Linux_programs_run_through_one_class() =>
        Repository.None(from file in Repository.Under("src/Hostup.Linux/").Concat(Repository.Under("src/Hostup.Device/"))
                        where file.Name != "CommandRunner"
                        from line in file.Code
                        where Programs().IsMatch(line.Line)
                        select $"{file.Path}:{line.Number} starts a program");

    [Fact]
    public void A_source_file_has_at_most_300_lines() =>
        Repository.None(Repository.Sources.Where(f => f.Lines > SourceLines).Select(f => $"{f.Path} has {f.Lines} lines"));

    [Fact]
    public void A_test_file_has_at_most_500_lines() =>
        Repository.None(Repository.Tests.Where(f => f.Lines > TestLines).Select(f => $"{f.Path} has {f.Lines} lines"));

    [Fact]
    public void A_file_has_the_name_of_a_type_in_it() =>
        Repository.None(Repository.Sources.Concat(Repository.Tests).Where(f => f.TopTypes is not [] && !f.TopTypes.Contains(f.Name))
            .Where(f => !IsVocabulary(f)).Select(f => $"{f.Path} holds {string.Join(", ", f.TopTypes)}"));

    [Fact]
    public void A_type_name_says_what_it_is() =>
        Repository.None(from file in Repository.Sources.Concat(Repository.Tests)
                        from type in file.Types
                        where EmptyName().IsMatch(type)
                        select $"{file.Path} declares {type}");

    [Fact]
    public void A_folder_is_a_concern_and_no_kind() =>
        Repository.None(Repository.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && KindFolder().IsMatch(f)));

    [Fact]
    public void A_namespace_follows_its_folder() =>
        Repository.None(from file in Repository.Sources
                        let said = Namespace().Match(file.Text)
                        where said.Success
                        let expected = Path.GetDirectoryName(file.Path)!["src/".Length..].Replace('/', '.')
                        where said.Groups[1].Value != expected
                        select $"{file.Path} is in {said.Groups[1].Value}");

    [Fact]
    public void Nothing_is_left_to_do_and_no_test_is_switched_off() =>
        Repository.None(from file in Repository.Texts
                        where !file.Path.StartsWith("tests/Hostup.House.Tests/", StringComparison.Ordinal) && !file.Path.EndsWith(".txt", StringComparison.Ordinal)
                        let found = Unfinished().Match(file.Text)
                        where found.Success
                        select $"{file.Path} has {found.Value}");

    [Fact]
    public void Nothing_is_hidden_in_a_region_or_started_and_forgotten() =>
        Repository.None(from file in Repository.Sources.Concat(Repository.Tests)
                        where !file.Path.StartsWith("tests/Hostup.House.Tests/", StringComparison.Ordinal)
                        from line in file.Code
                        where Hidden().IsMatch(line.Line)
                        select $"{file.Path}:{line.Number} {line.Line.Trim()}");

    /// <summary>.NET's own flushes to the medium drop every error of fsync on Linux.</summary>
    [Fact]
    public void A_flush_that_fails_is_told() =>
        Repository.None(from file in Repository.Sources
                        where !file.Path.StartsWith("src/Hostup.Lab.Payload/", StringComparison.Ordinal)
                        from line in file.Code
                        where SilentFlush().IsMatch(line.Line)
                        select $"{file.Path}:{line.Number} flushes past FileFlush");

    /// <summary>Tests that need a real program or machine may ask again until it answers; they say what they need.</summary>
    [Fact]
    public void A_test_without_needs_does_not_sleep() =>
        Repository.None(from file in Repository.Tests
                        where !file.Text.Contains("[Trait(\"Needs\", ", StringComparison.Ordinal)
                        where !file.Path.StartsWith("tests/Hostup.EndToEnd.Tests/", StringComparison.Ordinal) && !file.Path.StartsWith("tests/Hostup.House.Tests/", StringComparison.Ordinal)
                        from line in file.Code
                        where Sleep().IsMatch(line.Line)
                        select $"{file.Path}:{line.Number} {line.Line.Trim()}");

    // The wire: many small messages of one talk, whose file has the talk's name.
    private static bool IsVocabulary(SourceFile file) =>
        file.Path is "src/Hostup.Core/Wire/DeviceMessages.cs" or "src/Hostup.Core/Wire/OperatorMessages.cs";

    [GeneratedRegex(@"System\.Net\.|\bHttpClient\b|System\.Diagnostics\.Process\b|\bProcess(StartInfo)?\b[.(]|\b(File|Directory|Drive)Info\b|\bFileStream\b|\bRandomAccess\b|\bSocket\b|(?<![\w.])(File|Directory|Console|Environment)\.\w+|System\.IO\.(File|Directory)\b|\b(DllImport|LibraryImport)\b|\bDateTime(Offset)?\.(UtcNow|Now)\b|\bTask\.Run\b")]
    private static partial Regex Direct();

    [GeneratedRegex(@"\bProcess\.Start\b|\bProcessStartInfo\b")]
    private static partial Regex Programs();

    [GeneratedRegex(@"(Manager|Helper|Helpers|Service|Util|Utils|Handler|Data|Info|Impl|Base)$")]
    private static partial Regex EmptyName();

    [GeneratedRegex(@"/(Interfaces|Models|Helpers|Utils|Common|Shared|Misc|Services|Managers|Extensions)/")]
    private static partial Regex KindFolder();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException|\bSkip\s*=\s*""")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"#region|async void|\bGC\.Collect\(")]
    private static partial Regex Hidden();

    [GeneratedRegex(@"\bFlushToDisk\b|\bFlush\((flushToDisk: )?true\)")]
    private static partial Regex SilentFlush();

    [GeneratedRegex(@"Thread\.Sleep|Task\.Delay|SpinWait")]
    private static partial Regex Sleep();
}
