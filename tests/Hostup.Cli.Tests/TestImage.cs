using System.Text;
using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Cli.Tests;

/// <summary>A small host OS image in a layout: os-release behind its usual link, and one boot file.</summary>
internal static class TestImage
{
    /// <param name="folder">The layout, made when it is not there.</param>
    /// <param name="version">What its os-release says.</param>
    /// <param name="program">Content of a file more; null: no file.</param>
    /// <param name="platform">The machine it is for; null: a 64-bit PC.</param>
    public static async Task<Digest> WriteAsync(string folder, string version, byte[]? program = null, OciPlatform? platform = null)
    {
        var builder = new ImageBuilder(OciLayout.Create(folder), platform ?? OciPlatform.LinuxAmd64);
        await using var tree = new ListedTree(
        [
            File("usr/lib/os-release", $"NAME=\"Test OS\"\nVERSION=\"{version}\"\n"),
            (new TreeEntry { Path = TreePath.Parse("etc/os-release"), Kind = TreeEntryKind.SymbolicLink, Mode = 0x1FF, SymbolicTarget = Encoding.UTF8.GetBytes("../usr/lib/os-release") }, default),
            File("resin-boot/grub.cfg", "grub"),
            .. program is null ? [] : (IEnumerable<(TreeEntry, ReadOnlyMemory<byte>)>)[(new TreeEntry { Path = TreePath.Parse("usr/bin/program"), Kind = TreeEntryKind.File, Mode = 0x1ED, Size = program.Length }, program)],
        ]);
        await builder.AddLayerAsync(tree, "test", CancellationToken.None);
        return (await builder.FinishAsync("latest", new Dictionary<string, string>(), CancellationToken.None)).Digest;
    }

    private static (TreeEntry, ReadOnlyMemory<byte>) File(string path, string content) =>
        (new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.File, Mode = 0x1A4, Size = content.Length }, Encoding.UTF8.GetBytes(content));
}
