using Hostup.Core.Wire;
using Hostup.Lab.Trees;
using Hostup.Updates.Files;

namespace Hostup.Device.Tests.Attacks;

/// <summary>Layers that an enemy made and that somebody signed, through the whole update: a clear error, and the old OS runs on. What they do to a real file system: HostileTarTests.</summary>
public sealed class HostileLayerTests
{
    private static readonly byte[] Good = [.. TarBytes.Header("etc/first", size: "00000000004"), .. TarBytes.Padded("good"u8.ToArray())];
    private static readonly byte[] End = new byte[1024];

    private static readonly Dictionary<string, (byte[] Tar, int? Said, string Code)> Layers = new()
    {
        ["a name that leaves the tree"] = (Tar(TarBytes.Header("../../mnt/state/hostup/journal")), null, "bad-image"),
        ["a name that leaves it, behind a good file"] = (Tar(Good, TarBytes.Header("../evil")), null, "bad-image"),
        ["a file of 1 TiB, all of it a hole"] = (Tar(Good, TarBytes.Pax($"GNU.sparse.size={1L << 40}", "GNU.sparse.numblocks=0"), TarBytes.Header("huge")), null, "bad-image"),
        ["a file that says 8 GiB and ends"] = (Tar(Good, TarBytes.Header("huge", size: "77777777777")), null, "bad-image"),
        ["a long name without an end"] = (Tar(Good, TarBytes.Header("././@LongLink", 'L', "77777777777")), null, "bad-image"),
        ["a bomb: more than the manifest says"] = (Tar(Good, TarBytes.Header("bomb", size: "00400000000"), new byte[64 << 20]), 4 << 20, "bad-image"),
        ["less than the manifest says"] = (Tar(Good), 8 << 20, "bad-image"),
        ["no archive"] = (new byte[5000].Select((_, i) => (byte)(i * 31)).ToArray(), null, "bad-image"),
        ["thousands of empty files"] = (Tar([.. Enumerable.Range(0, 3000).Select(i => TarBytes.Header($"e/{i}"))]), null, "slot-mismatch"),
        ["one name ten times, and names that differ in case"] = (Tar([.. Enumerable.Repeat(Good, 10), TarBytes.Header("etc/FIRST"), TarBytes.Header("ETC/first")]), null, "slot-mismatch"),
        ["pipes and links out"] = (Tar(Good, TarBytes.Header("pipe", '6'), TarBytes.Header("out", '2', link: "/mnt/state"), TarBytes.Header("hard", '1', link: "etc/first")), null, "slot-mismatch"),
    };

    public static TheoryData<string> Names => [.. Layers.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task A_hostile_layer_that_is_signed_ends_in_words_and_the_old_OS_runs_on(string name)
    {
        var (tar, said, code) = Layers[name];
        using var scene = await Scene.SetAsync();
        await using var server = scene.Server;
        scene.SignLayer(tar, said);
        string[] state = [.. scene.Victim.Device.State.Paths.Where(p => !p.StartsWith(Places.Hostup, StringComparison.Ordinal))];

        await scene.Victim.FaceAsync(server.Base);

        Assert.Equal(code, scene.Victim.Error?.Code.Id);
        Assert.NotEqual(Reach.Switched, scene.Victim.Reached());
        Assert.Equal(state, scene.Victim.Device.State.Paths.Where(p => !p.StartsWith(Places.Hostup, StringComparison.Ordinal)));
        await scene.Victim.Device.RunAsync();
        Assert.Equal(("2.100.0", AttemptStates.Failed), (scene.Victim.Device.RunningRelease!.Version, scene.Victim.Device.Outcome));
    }

    private static byte[] Tar(params byte[][] parts) => [.. parts.SelectMany(p => p), .. End];
}
