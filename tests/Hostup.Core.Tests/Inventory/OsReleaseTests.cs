using System.Text;
using Hostup.Core.Inventory;
using Hostup.Core.RootTrees;

namespace Hostup.Core.Tests.Inventory;

public sealed class OsReleaseTests
{
    [Theory]
    [InlineData("etc/os-release", "NAME=x\nVERSION=\"2.1.0+rev1\"\n", "2.1.0+rev1")]
    [InlineData("usr/lib/os-release", "VERSION='2.1.0'\n", "2.1.0")]
    [InlineData("usr/lib/os-release", "VERSION_ID=2.1.0\n", null)]
    [InlineData("usr/share/os-release", "VERSION=2.1.0\n", null)]
    public async Task The_version_of_an_image_is_found_where_systems_keep_it(string path, string text, string? version) =>
        Assert.Equal(version, OsRelease.VersionOf(await ReadAsync((path, text))));

    [Fact]
    public async Task What_lies_in_etc_goes_before_what_the_distribution_says() =>
        Assert.Equal("2.2.0", OsRelease.VersionOf(await ReadAsync(("etc/os-release", "VERSION=2.2.0\n"), ("usr/lib/os-release", "VERSION=2.1.0\n"))));

    private static async Task<RootTree> ReadAsync(params (string Path, string Text)[] files)
    {
        await using var tree = new ListedTree([.. files.Select(f => (
            new TreeEntry { Path = TreePath.Parse(f.Path), Kind = TreeEntryKind.File, Mode = 0x1A4, Size = f.Text.Length }, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(f.Text)))]);
        return await RootTree.ReadAsync(tree, OsRelease.Files.ToHashSet(), CancellationToken.None);
    }
}
