using System.Text;
using Hostup.Core.RootTrees;
using Hostup.Lab;
using Hostup.Lab.Images;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>The new release, good and broken in the ways of upstream's own tests.</summary>
public static class PlantedReleases
{
    /// <summary>As the archive has it.</summary>
    public static async Task<ReleaseImage> GoodAsync(LabEnvironment lab, CancellationToken ct) =>
        await ReleaseImage.BuildAsync(lab, await Stage.TreeAsync(lab, HostOsRelease.New, ct), ct);

    /// <summary>Its init is removed: it never reaches user space.</summary>
    public static async Task<ReleaseImage> WithoutInitAsync(LabEnvironment lab, CancellationToken ct) =>
        await (await GoodAsync(lab, ct)).DeriveAsync(lab, "2.101.1+rev1", [Removed("usr/sbin/init"), Removed("usr/lib/systemd/systemd")], ct);

    /// <summary>Its container engine is a link to /dev/null: it boots and is unhealthy.</summary>
    public static async Task<ReleaseImage> WithoutEngineAsync(LabEnvironment lab, CancellationToken ct) =>
        await (await GoodAsync(lab, ct)).DeriveAsync(lab, "2.101.2+rev1",
            [new TreeEntry { Path = TreePath.Parse("usr/sbin/dockerd"), Kind = TreeEntryKind.SymbolicLink, Mode = 0x1FF, SymbolicTarget = Encoding.ASCII.GetBytes("/dev/null") }], ct);

    private static TreeEntry Removed(string path) => new() { Path = TreePath.Parse(path), Kind = TreeEntryKind.Whiteout };
}
