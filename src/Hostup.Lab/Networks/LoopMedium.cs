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
        await using (var file = File.Create(medium.Image))
            file.SetLength(bytes);
        await new Tool("mkfs.ext4").RunAsync(["-q", "-F", medium.Image], ct);
        return await medium.MountAsync(ct);
    }

    /// <summary>What a power cut at this moment leaves: a medium of its own with what has reached this one, mounted.</summary>
    public Task<LoopMedium> CutAsync(CancellationToken ct)
    {
        var left = new LoopMedium();
        File.Copy(Image, left.Image);
        return left.MountAsync(ct);
    }

    /// <summary>Everything that is clean in the caches of this machine goes: what is read next is read from the medium.</summary>
    public static Task DropCachesAsync(CancellationToken ct) => File.WriteAllTextAsync("/proc/sys/vm/drop_caches", "3", ct);

    private async Task<LoopMedium> MountAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(Path);
        await new Tool("mount").RunAsync(["-o", "loop", Image, Path], ct);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await new Tool("umount").RunAsync([Path], default);
        _folder.Delete(recursive: true);
    }
}
