using System.Text;
using Hostup.Core.RootTrees;

namespace Hostup.Core.Inventory;

/// <summary>
/// Which packages an image holds, from the database that its package manager keeps: dpkg's and opkg's paragraphs (<c>Package:</c>, <c>Status:</c>) and
/// apk's (<c>P:</c>, <c>V:</c>). That of rpm is binary and not read.
/// </summary>
public static class PackageDatabase
{
    private static readonly TreePath[] Paragraphs = [.. new[] { "var/lib/dpkg/status", "usr/lib/opkg/status", "var/lib/opkg/status", "usr/lib/dpkg-db/status" }.Select(TreePath.Parse)];
    private static readonly TreePath[] Apk = [.. new[] { "lib/apk/db/installed", "usr/lib/apk/db/installed" }.Select(TreePath.Parse)];
    private static readonly TreePath[] Rpm = [.. new[] { "var/lib/rpm", "usr/lib/sysimage/rpm" }.Select(TreePath.Parse)];

    /// <summary>Files to keep when a tree is read, for <see cref="Read"/>.</summary>
    public static IEnumerable<TreePath> Files => [.. Paragraphs, .. Apk];

    /// <summary>Whether the image has packages that cannot be listed.</summary>
    public static bool IsUnreadable(RootTree tree) => Rpm.Any(p => tree.Find(p) is not null);

    /// <summary>Every installed package, by name; empty when the image has no database that is read.</summary>
    public static IReadOnlyList<Package> Read(RootTree tree)
    {
        var found = Paragraphs.SelectMany(p => Of(tree, p, "Package", "Version", "Architecture")).Concat(Apk.SelectMany(p => Of(tree, p, "P", "V", "A")));
        return [.. found.DistinctBy(p => p.Key).OrderBy(p => p.Key, StringComparer.Ordinal)];
    }

    private static IEnumerable<Package> Of(RootTree tree, TreePath path, string name, string version, string architecture)
    {
        if (tree.ContentOf(path) is not { } content)
            yield break;
        var fields = new Dictionary<string, string>();
        foreach (string line in Encoding.UTF8.GetString(content.Span).Split('\n').Append(""))
        {
            if (line.Length == 0)
            {
                if (fields.TryGetValue(name, out string? called) && fields.TryGetValue(version, out string? numbered) && IsInstalled(fields))
                    yield return new Package(called, numbered, fields.GetValueOrDefault(architecture, ""));
                fields.Clear();
            }
            // a line that begins with a space goes on with the field above it
            else if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && line[0] != ' ')
                fields.TryAdd(line[..colon], line[(colon + 1)..].Trim());
        }
    }

    // What was removed and left its configuration behind keeps a paragraph. apk has no states.
    private static bool IsInstalled(Dictionary<string, string> fields) =>
        !fields.TryGetValue("Status", out string? status) || status.Split(' ')[^1] is "installed" or "triggers-pending" or "triggers-awaited";
}
