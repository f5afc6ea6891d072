using Hostup.Lab.Cache;

namespace Hostup.Lab.Images;

/// <summary>What a test or the demo lays over the lab OS: programs, units, trust settings, or a planted fault.</summary>
/// <param name="Packages">Debian packages that are installed first.</param>
/// <param name="Programs">Path inside the root (no leading slash) to program on the builder's machine.</param>
/// <param name="Folders">Folders on the builder's machine that are copied over the root.</param>
/// <param name="Texts">Path inside the root to text.</param>
/// <param name="Links">Path inside the root to the target of a symbolic link that replaces what is there.</param>
/// <param name="Removed">Paths inside the root that are removed.</param>
public sealed record HostOsOverlay(
    IReadOnlyList<string> Packages,
    IReadOnlyDictionary<string, string> Programs,
    IReadOnlyList<string> Folders,
    IReadOnlyDictionary<string, string> Texts,
    IReadOnlyDictionary<string, string> Links,
    IReadOnlyList<string> Removed)
{
    /// <summary>Nothing.</summary>
    public static HostOsOverlay None { get; } =
        new([], new Dictionary<string, string>(), [], new Dictionary<string, string>(), new Dictionary<string, string>(), []);

    /// <summary>The same with one more Debian package.</summary>
    public HostOsOverlay WithPackage(string file) => this with { Packages = [.. Packages, file] };

    /// <summary>The same with one more program.</summary>
    public HostOsOverlay WithProgram(string target, string source) => this with { Programs = With(Programs, target, source) };

    /// <summary>The same with one more text file.</summary>
    public HostOsOverlay WithText(string target, string text) => this with { Texts = With(Texts, target, text) };

    /// <summary>The same with one more folder.</summary>
    public HostOsOverlay WithFolder(string source) => this with { Folders = [.. Folders, source] };

    /// <summary>The same with something replaced by a link.</summary>
    public HostOsOverlay WithLink(string target, string points) => this with { Links = With(Links, target, points) };

    /// <summary>The same with something removed.</summary>
    public HostOsOverlay Without(string target) => this with { Removed = [.. Removed, target] };

    /// <summary>Adds all of it to a key.</summary>
    public void AddTo(CacheKey key)
    {
        foreach (string package in Packages)
            key.AddFile("package", package);
        foreach (var (target, source) in Programs.OrderBy(p => p.Key, StringComparer.Ordinal))
            key.AddFile("program " + target, source);
        foreach (string folder in Folders)
            key.AddFolder("folder", folder, _ => true);
        foreach (var (target, text) in Texts.OrderBy(t => t.Key, StringComparer.Ordinal))
            key.Add("text " + target, text);
        foreach (var (target, points) in Links.OrderBy(l => l.Key, StringComparer.Ordinal))
            key.Add("link " + target, points);
        key.Add("removed", string.Join(' ', Removed));
    }

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> all, string name, string value) => new(all) { [name] = value };
}
