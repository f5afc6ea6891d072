using System.Globalization;
using System.IO.Compression;
using System.Text;
using Hostup.Core.RootTrees;
using Hostup.Lab.Boot;
using Hostup.Lab.Cache;
using Hostup.Lab.Programs;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Lab.Scenarios;

/// <summary>A release of a megabyte or two that is fetched and written as any other, for slow links. Nothing boots from it: it is fetched only.</summary>
public static class SmallRelease
{
    /// <summary>The one program in it.</summary>
    public const string Program = "/bin/busybox";

    /// <summary>Makes it.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="version">VERSION of its os-release; another one has other content.</param>
    /// <param name="contentBytes">Bytes of a file that does not compress.</param>
    /// <param name="withProgram">Whether <see cref="Program"/> is in it, a megabyte as it travels.</param>
    /// <param name="ct">Ends the making.</param>
    public static async Task<ReleaseImage> BuildAsync(LabEnvironment lab, string version, int contentBytes, bool withProgram, CancellationToken ct)
    {
        var key = new CacheKey().Add("recipe", "2").Add("small", version).Add("bytes", contentBytes.ToString(CultureInfo.InvariantCulture)).Add("program", withProgram.ToString());
        string folder = await lab.Cache.GetAsync("image", key.Finish(), async folder =>
        {
            var builder = new ImageBuilder(OciLayout.Create(folder), OciPlatform.LinuxAmd64) { Compression = CompressionLevel.Optimal };
            await using var tree = new ListedTree(await EntriesAsync(version, contentBytes, withProgram, ct));
            await builder.AddLayerAsync(tree, "small release " + version, ct);
            await builder.FinishAsync("release", new Dictionary<string, string>(), ct);
        }, ct);
        return new ReleaseImage(version, folder);
    }

    private static async Task<IReadOnlyList<(TreeEntry, ReadOnlyMemory<byte>)>> EntriesAsync(string version, int contentBytes, bool withProgram, CancellationToken ct)
    {
        byte[] content = new byte[contentBytes];
        new Random(version.Sum(c => c)).NextBytes(content);
        byte[] osRelease = Encoding.UTF8.GetBytes($"ID=\"hostup-lab\"\nVERSION=\"{version}\"\nVERSION_ID=\"{version.Split('+')[0]}\"\nSLUG=\"{LabBootLoader.Grub.DeviceType}\"\n");
        List<(TreeEntry, ReadOnlyMemory<byte>)> entries = 
        [
            Folder("bin"), Folder("etc"), Link("etc/os-release", "../usr/lib/os-release"),
            Folder("usr"), File("usr/content", content, 0x1A4), Folder("usr/lib"), File("usr/lib/os-release", osRelease, 0x1A4),
        ];
        if (withProgram)
            entries.Add(File(Program[1..], await System.IO.File.ReadAllBytesAsync(new Tool("busybox").Path!, ct), 0x1ED));
        return entries;
    }

    private static (TreeEntry, ReadOnlyMemory<byte>) Folder(string path) =>
        (new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.Directory, Mode = 0x1ED /* 0755 */ }, default);

    private static (TreeEntry, ReadOnlyMemory<byte>) Link(string path, string target) =>
        (new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.SymbolicLink, Mode = 0x1FF /* 0777 */, SymbolicTarget = Encoding.UTF8.GetBytes(target) }, default);

    private static (TreeEntry, ReadOnlyMemory<byte>) File(string path, byte[] content, int mode) =>
        (new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.File, Mode = mode, Size = content.Length }, content);
}
