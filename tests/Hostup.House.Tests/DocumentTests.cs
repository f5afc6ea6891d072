using System.Text.RegularExpressions;

namespace Hostup.House.Tests;

public sealed partial class DocumentTests
{
    [Fact]
    public void Every_link_in_a_document_leads_somewhere() =>
        Repository.None(from document in Documents()
                        from Match link in Link().Matches(document.Text)
                        let target = link.Groups[1].Value
                        where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#')
                        let path = Path.Combine(Repository.Root, Path.GetDirectoryName(document.Path)!, target.Split('#')[0])
                        where !Path.Exists(path)
                        select $"{document.Path} links to {target}");

    [Fact]
    public void Every_document_that_is_named_exists() =>
        Repository.None(from file in Repository.Texts
                        where !file.Path.StartsWith("tests/Hostup.House.Tests/", StringComparison.Ordinal)
                        from Match named in Named().Matches(file.Text)
                        where !Path.Exists(Path.Combine(Repository.Root, named.Value))
                        select $"{file.Path} names {named.Value}");

    [Fact]
    public void Every_command_in_a_document_has_its_launcher() =>
        Repository.None(from document in Documents()
                        from Match command in Launcher().Matches(document.Text)
                        where !Repository.Files.Contains(command.Groups[1].Value)
                        select $"{document.Path} calls {command.Value}");

    [Fact]
    public void Every_step_has_its_row_in_order()
    {
        string run = Repository.Read("src/Hostup.Updates/Run/UpdateRun.cs");
        string list = run[run.IndexOf("IReadOnlyList<IStep> Steps", StringComparison.Ordinal)..];
        var steps = NewStep().Matches(list[..list.IndexOf("];", StringComparison.Ordinal)]).Select(m => NameOf(m.Groups[1].Value)).ToList();
        string table = Repository.Read("docs/update-run.md").Split("\n\n").Single(p => p.StartsWith("| step |", StringComparison.Ordinal));

        Assert.NotEmpty(steps);
        Assert.Equal(steps, Row().Matches(table).Select(m => m.Groups[1].Value));
    }

    [Fact]
    public void Every_program_that_a_device_calls_is_in_the_field_notes()
    {
        string notes = Repository.Read("docs/field-notes.md");
        var called = from file in Repository.Under("src/Hostup.Linux/").Concat(Repository.Under("src/Hostup.Device/"))
                     from line in file.Code
                     from Match program in Program().Matches(line.Line)
                     select (file.Path, Name: program.Groups[1].Value);

        Assert.NotEmpty(called);
        Repository.None(called.Where(c => !notes.Contains($"| `{c.Name}` |", StringComparison.Ordinal)).Select(c => $"{c.Path} calls {c.Name}"));
    }

    [Fact]
    public void A_decision_fits_one_page_and_says_how_it_would_be_noticed_to_be_wrong()
    {
        var decisions = Repository.Files.Where(f => f.StartsWith("docs/adr/", StringComparison.Ordinal)).ToList();

        Assert.Equal(Enumerable.Range(1, decisions.Count).Select(n => $"{n:0000}"), decisions.Select(d => Path.GetFileName(d)[..4]));
        Assert.All(decisions, d =>
        {
            string text = Repository.Read(d);
            Assert.True(text.Count(c => c == '\n') <= 60, $"{d} is longer than a page");
            Assert.Equal(["Context", "Decision", "Consequences", "How we would notice it was wrong"], Heading().Matches(text).Select(m => m.Groups[1].Value));
        });
    }

    private static IEnumerable<(string Path, string Text)> Documents() => Repository.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal)).Select(f => (f, Repository.Read(f)));

    private static string NameOf(string step)
    {
        string source = Repository.Read($"src/Hostup.Updates/Steps/{step}.cs");
        return StepName().Match(source) is { Success: true } name ? name.Groups[1].Value : throw new InvalidOperationException($"{step} has no name");
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<![\w/.-])docs/[\w./-]+\.md\b")]
    private static partial Regex Named();

    [GeneratedRegex(@"(?<![\w/.])\./([a-z][a-z-]*)\b(?![/.])")]
    private static partial Regex Launcher();

    [GeneratedRegex(@"new (\w+)\(\)")]
    private static partial Regex NewStep();

    [GeneratedRegex(@"(?:string Name =>|const string StepName =) ""([a-z-]+)""")]
    private static partial Regex StepName();

    [GeneratedRegex(@"^\| `([a-z-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"""(?:/usr)?/s?bin/([\w.-]+)[|""]")]
    private static partial Regex Program();

    [GeneratedRegex(@"^## (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
