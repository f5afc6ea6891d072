using System.Text;
using Hostup.Core.Inventory;
using Hostup.Core.RootTrees;

namespace Hostup.Core.Tests.Inventory;

public sealed class InventoryDiffTests
{
    private const string Dpkg = """
        Package: bash
        Status: install ok installed
        Architecture: amd64
        Version: 5.2.15-2+b2
        Description: shell
         Version: not a field of it

        Package: gone
        Status: deinstall ok config-files
        Architecture: amd64
        Version: 1.0

        Package: libc6
        Status: install ok installed
        Architecture: amd64
        Version: 2.36-9

        Package: libc6
        Status: install ok installed
        Architecture: i386
        Version: 2.36-9
        """;

    [Fact]
    public async Task Packages_that_are_installed_are_read()
    {
        Assert.Equal(["bash:amd64 5.2.15-2+b2", "libc6:amd64 2.36-9", "libc6:i386 2.36-9"], Texts(await ReadAsync(("var/lib/dpkg/status", Dpkg))));
        Assert.Equal(["busybox:armv7 1.31"], Texts(await ReadAsync(("usr/lib/opkg/status", "Package: busybox\nVersion: 1.31\nStatus: install user installed\nArchitecture: armv7\n"))));
        Assert.Equal(["musl:x86_64 1.2.4-r2"], Texts(await ReadAsync(("lib/apk/db/installed", "C:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\nF:lib\nR:libc.so\n\n"))));
    }

    [Fact]
    public async Task An_image_without_a_readable_database_says_so()
    {
        Assert.True((await ReadAsync(("etc/hostname", "a"))).PackagesAreListed);
        Assert.False((await ReadAsync(("var/lib/rpm/rpmdb.sqlite", "a"))).PackagesAreListed);
    }

    [Fact]
    public async Task Everything_that_differs_is_listed_and_nothing_else()
    {
        var old = await ReadAsync(
            ("etc/os-release", "VERSION=\"2.0.0\"\n"), ("etc/same", "s"), ("etc/changed", "a"), ("resin-boot/grub.cfg", "one"), ("resin-boot/vmlinuz", "k1"),
            ("usr/lib/modules/6.1.0-1/a.ko", "12345"), ("opt/big/file", "0123456789"), ("var/lib/dpkg/status", Paragraph("a", "1") + Paragraph("b", "1") + Paragraph("c", "1")));
        var now = await ReadAsync(
            ("etc/os-release", "VERSION=2.1.0\n"), ("etc/same", "s"), ("etc/changed", "b"), ("etc/new", ""), ("resin-boot/grub.cfg", "one"), ("resin-boot/vmlinuz", "k2"),
            ("usr/lib/modules/6.1.0-2/a.ko", "12345"), ("opt/big/file", "0"), ("var/lib/dpkg/status", Paragraph("a", "1") + Paragraph("b", "2") + Paragraph("d", "1")));

        var diff = InventoryDiff.Of(old, now);

        Assert.Equal(("2.0.0", "2.1.0"), (diff.From, diff.To));
        Assert.Equal([new Change("b:amd64", "1", "2"), new Change("c:amd64", "1", null), new Change("d:amd64", null, "1")], diff.Packages);
        Assert.Equal([new Change("6.1.0-1", "6.1.0-1", null), new Change("6.1.0-2", null, "6.1.0-2")], diff.Kernels);
        Assert.Equal(["vmlinuz"], diff.BootFiles.Select(c => c.Name));
        Assert.Equal(["changed", "new", "os-release"], diff.ConfigurationFiles.Select(c => c.Name));
        Assert.Equal([new FolderChange("/opt/big", 10, 1), new FolderChange("/etc", 18, 16)], diff.Folders);
        Assert.Empty(InventoryDiff.Of(now, now) is { Packages: [], Kernels: [], BootFiles: [], ConfigurationFiles: [], Folders: [] } ? "" : "an image differs from itself");
    }

    private static string Paragraph(string name, string version) => $"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n";

    private static IEnumerable<string> Texts(ImageInventory inventory) => inventory.Packages.Select(p => $"{p.Key} {p.Version}");

    private static async Task<ImageInventory> ReadAsync(params (string Path, string Content)[] files)
    {
        await using var listed = new ListedTree([.. files.Select(f => (new TreeEntry { Path = TreePath.Parse(f.Path), Kind = TreeEntryKind.File, Mode = 0x1A4, Size = f.Content.Length }, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(f.Content)))]);
        return ImageInventory.Of(await RootTree.ReadAsync(listed, ImageInventory.Captured, TestContext.Current.CancellationToken));
    }
}
