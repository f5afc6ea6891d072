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
    public static async Task<Digest> WriteAsync(string folder, string version)
    {
        var builder = new ImageBuilder(OciLayout.Create(folder), OciPlatform.LinuxAmd64);
        await using var tree = new ListedTree(
        [
            File("usr/lib/os-release", $"NAME=\"Test OS\"\nVERSION=\"{version}\"\n"),
            (new TreeEntry { Path = TreePath.Parse("etc/os-release"), Kind = TreeEntryKind.SymbolicLink, Mode = 0x1FF, SymbolicTarget = Encoding.UTF8.GetBytes("../usr/lib/os-release") }, default),
            File("resin-boot/grub.cfg", "grub"),
        ]);
        await builder.AddLayerAsync(tree, "test", CancellationToken.None);
        return (await builder.FinishAsync("latest", new Dictionary<string, string>(), CancellationToken.None)).Digest;
    }

    private static (TreeEntry, ReadOnlyMemory<byte>) File(string path, string content) =>
        (new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.File, Mode = 0x1A4, Size = content.Length }, Encoding.UTF8.GetBytes(content));
}
