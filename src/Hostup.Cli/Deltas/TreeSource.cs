using Hostup.Cli.Releases;
using Hostup.Core.RootTrees;
using Hostup.Delta;
using Hostup.Delta.Building;
using Hostup.Linux.RootTrees;
using Hostup.Oci.Layers;

namespace Hostup.Cli.Deltas;

/// <summary>A root tree by what its name looks like: an OCI layout, docker://HOST/REPOSITORY:TAG or release:VERSION, any other folder, or a tar file.</summary>
internal static class TreeSource
{
    /// <summary>Reads all of it; contents are copied to a temporary file.</summary>
    /// <param name="name">What was given.</param>
    /// <param name="folder">Where the temporary file lies.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<SpooledTree> SpoolAsync(string name, string folder, CancellationToken ct)
    {
        if (IsFolder(name))
        {
            await using var directory = new DirectoryTreeReader(name);
            return await SpooledTree.ReadAsync(directory, folder, ct);
        }
        if (File.Exists(name))
        {
            await using var tar = File.OpenRead(name);
            await using var layer = new LayerReader(tar);
            return await SpooledTree.ReadAsync(layer, folder, ct);
        }
        using var image = await ImageSource.OpenAsync(name, platform: null, ct);
        await using var layers = image.Image.OpenLayers(image.Blobs);
        return await SpooledTree.ReadAsync(layers, folder, ct);
    }

    /// <summary>Opens it as the base of a delta; a folder is read where it lies.</summary>
    public static async Task<(IDeltaTree Tree, IDisposable Owner)> OpenOldAsync(string name, string folder, CancellationToken ct)
    {
        if (IsFolder(name))
        {
            var directory = await DirectoryTree.ListAsync(name, ct);
            return (directory, directory);
        }
        var spooled = await SpoolAsync(name, folder, ct);
        return (spooled, spooled);
    }

    private static bool IsFolder(string name) => Directory.Exists(name) && !File.Exists(Path.Combine(name, "oci-layout"));
}
