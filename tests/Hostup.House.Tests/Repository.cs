namespace Hostup.House.Tests;

/// <summary>The files of the source tree, without what builds leave behind.</summary>
internal static class Repository
{
    private static readonly string[] Built = [".git", "artifacts", "bin", "obj", ".vs"];

    public static string Root { get; } = Find();

    /// <summary>Every file, paths relative to the root, with '/'.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(new DirectoryInfo(Root)).Select(f => Path.GetRelativePath(Root, f.FullName)).Order(StringComparer.Ordinal)];

    /// <summary>C# sources below <c>src/</c>.</summary>
    public static IEnumerable<SourceFile> Sources => Under("src/");

    /// <summary>C# sources below <c>tests/</c>.</summary>
    public static IEnumerable<SourceFile> Tests => Under("tests/");

    /// <summary>C# sources below a folder.</summary>
    public static IEnumerable<SourceFile> Under(string folder) =>
        Files.Where(f => f.StartsWith(folder, StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal)).Select(f => new SourceFile(f, Read(f)));

    /// <summary>Text of a file.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Text files, with their text.</summary>
    public static IEnumerable<(string Path, string Text)> Texts => Files.Select(f => (f, Read(f))).Where(f => !f.Item2.Contains('\0', StringComparison.Ordinal));

    /// <summary>Fails with one line for each violation.</summary>
    public static void None(IEnumerable<string> violations)
    {
        var found = violations.ToList();
        Assert.True(found is [], $"{found.Count} violations:\n{string.Join('\n', found)}");
    }

    private static IEnumerable<FileInfo> Walk(DirectoryInfo folder) =>
        folder.EnumerateDirectories().Where(d => !Built.Contains(d.Name) && d.LinkTarget is null).SelectMany(Walk).Concat(folder.EnumerateFiles().Where(f => f.Name != ".git"));

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Hostup.slnx")))
            folder = folder.Parent ?? throw new InvalidOperationException("bug: the tests run outside the repository");
        return folder.FullName;
    }
}
