using System.IO.Compression;
using Hostup.Core.RootTrees;
using Hostup.Linux.RootTrees;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Lab.Images;

/// <summary>A release of the lab's host OS as an OCI image, what an OS builder hands to the product.</summary>
/// <param name="Release">Which release.</param>
/// <param name="LayoutFolder">Image layout that holds it under the name of its version.</param>
public sealed record HostOsImage(HostOsRelease Release, string LayoutFolder)
{
    /// <summary>Name of the image in its layout: '+' is not allowed in the tag of an image reference.</summary>
    public string Name => NameOf(Release);

    /// <summary>Returns the image of a tree, made when the tree has changed since.</summary>
    public static async Task<HostOsImage> BuildAsync(LabEnvironment lab, HostOsTree tree, CancellationToken ct)
    {
        string folder = await lab.Cache.GetAsync("image", tree.Key, folder => MakeAsync(tree, folder, ct), ct);
        return new HostOsImage(tree.Release, Path.Combine(folder, "layout"));
    }

    private static string NameOf(HostOsRelease release) => release.OsVersion.Replace('+', '-');

    private static async Task MakeAsync(HostOsTree tree, string folder, CancellationToken ct)
    {
        var layout = OciLayout.Create(Path.Combine(folder, "layout"));
        var builder = new ImageBuilder(layout, OciPlatform.LinuxAmd64) { Compression = CompressionLevel.Optimal };
        await using (ITreeReader reader = new DirectoryTreeReader(tree.Root))
            await builder.AddLayerAsync(reader, "hostup-lab", ct);
        await builder.FinishAsync(NameOf(tree.Release), new Dictionary<string, string> { ["org.opencontainers.image.version"] = tree.Release.OsVersion }, ct);
    }
}
