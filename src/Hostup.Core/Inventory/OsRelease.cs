using System.Text;
using Hostup.Core.RootTrees;

namespace Hostup.Core.Inventory;

/// <summary>The os-release file of an image.</summary>
public static class OsRelease
{
    /// <summary>Files to keep when a tree is read; the first goes before the second (os-release(5)) and is a link to it on most systems.</summary>
    public static IReadOnlyList<TreePath> Files { get; } = [TreePath.Parse("etc/os-release"), TreePath.Parse("usr/lib/os-release")];

    /// <summary>Its VERSION; null when there is none.</summary>
    public static string? VersionOf(RootTree tree)
    {
        if (Files.Select(tree.Follow).FirstOrDefault(p => p is not null) is not { } path || tree.ContentOf(path) is not { } content)
            return null;
        string? line = Encoding.UTF8.GetString(content.Span).Split('\n').FirstOrDefault(l => l.StartsWith("VERSION=", StringComparison.Ordinal));
        return line?["VERSION=".Length..].Trim().Trim('"', '\'');
    }
}
