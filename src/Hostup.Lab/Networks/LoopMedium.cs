using Hostup.Lab.Programs;

namespace Hostup.Lab.Networks;

/// <summary>A file system of its own for a slot: ext4 in a file, mounted by the loop device. Needs root.</summary>
public sealed class LoopMedium : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-medium-");

    private LoopMedium()
    {
    }

    /// <summary>Where it is mounted.</summary>
    public string Path => System.IO.Path.Combine(_folder.FullName, "mounted");

    private string Image => System.IO.Path.Combine(_folder.FullName, "image");

    /// <summary>Makes and mounts one.</summary>
    public static async Task<LoopMedium> MountAsync(long bytes, CancellationToken ct)
    {
        var medium = new LoopMedium();
        Directory.CreateDirectory(medium.Path);
        await using (var file = File.Create(medium.Image))
            file.SetLength(bytes);
        await new Tool("mkfs.ext4").RunAsync(["-q", "-F", medium.Image], ct);
        await new Tool("mount").RunAsync(["-o", "loop", medium.Image, medium.Path], ct);
        return medium;
    }

    /// <summary>Everything that is clean in the caches of this machine goes: what is read next is read from the medium.</summary>
    public static Task DropCachesAsync(CancellationToken ct) => File.WriteAllTextAsync("/proc/sys/vm/drop_caches", "3", ct);

    public async ValueTask DisposeAsync()
    {
        await new Tool("umount").RunAsync([Path], default);
        _folder.Delete(recursive: true);
    }
}
