using System.Xml.Linq;

namespace Hostup.House.Tests;

public sealed class ProjectTests
{
    /// <summary>docs/architecture.md, "Projects".</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Hostup.Core"] = [],
        ["Hostup.Oci"] = ["Hostup.Core"],
        ["Hostup.Delta"] = ["Hostup.Core"],
        ["Hostup.Updates"] = ["Hostup.Core"],
        ["Hostup.Linux"] = ["Hostup.Core", "Hostup.Delta", "Hostup.Oci", "Hostup.Updates"],
        ["Hostup.Device"] = ["Hostup.Core", "Hostup.Delta", "Hostup.Linux", "Hostup.Oci", "Hostup.Updates"],
        ["Hostup.Server"] = ["Hostup.Core", "Hostup.Delta", "Hostup.Oci"],
        ["Hostup.Cli"] = ["Hostup.Core", "Hostup.Delta", "Hostup.Linux", "Hostup.Oci"],
        ["Hostup.Lab"] = ["Hostup.Core", "Hostup.Delta", "Hostup.Linux", "Hostup.Oci", "Hostup.Updates"],
        ["Hostup.Lab.Payload"] = [],
    };

    [Fact]
    public void A_project_references_exactly_what_it_may() =>
        Assert.Equal(
            Allowed.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key} <- {string.Join(' ', p.Value)}"),
            Projects("src/").Select(p => $"{Name(p)} <- {string.Join(' ', References(p))}"));

    [Fact]
    public void A_test_project_references_sources_only() =>
        Repository.None(Projects("tests/").SelectMany(p => References(p).Where(r => !Allowed.ContainsKey(r)).Select(r => $"{Name(p)} references {r}")));

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var listed = XDocument.Parse(Repository.Read("Hostup.slnx")).Descendants("Project").Select(p => (string)p.Attribute("Path")!);

        Assert.Equal(Repository.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal)), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_package_says_why_it_is_there_and_is_used()
    {
        string[] lines = Repository.Read("Directory.Packages.props").Split('\n');
        string[] used = [.. Repository.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal) || f.EndsWith("Directory.Build.props", StringComparison.Ordinal)).Select(Repository.Read)];
        var packages = lines.Index().Where(l => l.Item.Contains("<PackageVersion ", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(packages);
        Repository.None(packages.Where(p => !used.Any(u => u.Contains($"\"{NameIn(p.Item)}\"", StringComparison.Ordinal))).Select(p => $"{NameIn(p.Item)} is used by no project"));
        // parts of one package family stand together under one comment
        Repository.None(packages.Where(p => !IsExplained(lines, p.Index)).Select(p => $"{NameIn(p.Item)} has no comment"));
    }

    private static bool IsExplained(string[] lines, int index)
    {
        while (lines[index].Contains("<PackageVersion ", StringComparison.Ordinal))
            index--;
        return lines[index].Contains("-->", StringComparison.Ordinal);
    }

    private static string NameIn(string line) => (string)XElement.Parse(line.Trim()).Attribute("Include")!;

    private static IEnumerable<string> Projects(string folder) =>
        Repository.Files.Where(f => f.StartsWith(folder, StringComparison.Ordinal) && f.EndsWith(".csproj", StringComparison.Ordinal)).OrderBy(Name, StringComparer.Ordinal);

    private static string Name(string project) => Path.GetFileNameWithoutExtension(project);

    private static IEnumerable<string> References(string project) =>
        XDocument.Parse(Repository.Read(project)).Descendants("ProjectReference").Select(r => Name((string)r.Attribute("Include")!)).Order(StringComparer.Ordinal);
}
