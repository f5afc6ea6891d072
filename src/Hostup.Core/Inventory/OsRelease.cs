using System.Text;
using Hostup.Core.RootTrees;

namespace Hostup.Core.Inventory;

/// <summary>The os-release file of an image.</summary>
public static class OsRelease
{
    private static readonly TreePath Place = TreePath.Parse("etc/os-release");

    /// <summary>Files to keep when a tree is read; the first is a link to the second on most systems.</summary>
    public static IReadOnlyList<TreePath> Files { get; } = [Place, TreePath.Parse("usr/lib/os-release")];

    /// <summary>Its VERSION; null when there is none.</summary>
    public static string? VersionOf(RootTree tree)
    {
        if (tree.Follow(Place) is not { } path || tree.ContentOf(path) is not { } content)
            return null;
        string? line = Encoding.UTF8.GetString(content.Span).Split('\n').FirstOrDefault(l => l.StartsWith("VERSION=", StringComparison.Ordinal));
        return line?["VERSION=".Length..].Trim().Trim('"', '\'');
    }
}
