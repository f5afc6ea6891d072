using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Core.Trust;

namespace Hostup.Cli.Tests;

public sealed class KeyCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-cli-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_key_is_made_for_its_owner_only_and_never_overwritten()
    {
        Assert.Equal(0, (await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"))).ExitCode);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(At("release.key")));

        var again = await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));

        Assert.Equal(3, again.ExitCode);
        Assert.Contains("the file exists", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_and_trust_list_and_signed_updater_fit_together()
    {
        foreach (string role in (string[])["release", "updater"])
            await CommandRun.OfAsync("key", "new", "--role", role, "--out", At(role + ".key"));
        await File.WriteAllTextAsync(At("release.pub"), (await CommandRun.OfAsync("key", "show", At("release.key"))).Output);
        await File.WriteAllTextAsync(At("hostup-device"), "program");

        Assert.Equal(0, (await CommandRun.OfAsync("trust", "make", "--release", At("release.pub"), "--updater", At("updater.key"), "--out", At("trust.json"))).ExitCode);
        var signed = await CommandRun.OfAsync("updater", "sign", At("hostup-device"), "--key", At("updater.key"), "--version", "0.2.0", "--out", At("updater.dsse"));

        Assert.Equal((0, ""), (signed.ExitCode, signed.Error));
        var trust = TrustList.Parse(await File.ReadAllBytesAsync(At("trust.json")));
        var statement = UpdaterStatement.Parse(trust.Verify(Envelope.Parse(await File.ReadAllBytesAsync(At("updater.dsse"))), TrustRole.Updater, UpdaterStatement.PayloadType));
        Assert.Equal(("0.2.0", 7, Digest.Of("program"u8)), (statement.Version, statement.Size, statement.Digest));
    }

    [Fact]
    public async Task A_release_is_signed_with_what_the_image_holds()
    {
        await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));
        var image = await TestImage.WriteAsync(At("layout"), "2.0.0+rev1");

        var run = await CommandRun.OfAsync("release", "sign", "--image", At("layout"), "--key", At("release.key"), "--device-type", "genericx86-64", "--sequence", "7", "--health", "3x10", "--engine-store", "overlay2", "btrfs", "--stepping-stone", "1.30.1", "--kept-back", "config.json", "uboot.env", "--ext4-feature", "extent", "filetype", "--supervisor", "v14.1.0=example/supervisor:v14.1.0", "--supervisor-image", At("layout"), "--out", At("release.dsse"));

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var manifest = ReleaseManifest.Parse(Envelope.Parse(await File.ReadAllBytesAsync(At("release.dsse"))).UnverifiedPayload.Span);
        Assert.Equal(("2.0.0+rev1", 7L, "hostos/genericx86-64"), (manifest.Version, manifest.Sequence, manifest.Image.Repository));
        Assert.True(Directory.Exists(At("release.dsse.image")) && manifest.Image.Digest != image, "the framed image is signed");
        Assert.Equal((0L, manifest.Image.Layers[0].Size), (manifest.Image.BytesBegunAnew, manifest.Image.Layers[0].Members.Sum(m => (long)m.Size)));
        Assert.Equal(new BootFile("grub.cfg", 4, Digest.Of("grub"u8)), Assert.Single(manifest.BootFiles));
        Assert.Equal(8, manifest.Root.Entries);
        Assert.Equal((3, 10), (manifest.Health.Count, manifest.Health.IntervalSeconds));
        Assert.Equal(["overlay2", "btrfs"], manifest.EngineStores);
        Assert.Equal(["1.30.1"], manifest.SteppingStones);
        Assert.Equal(["config.json", "uboot.env"], manifest.KeptBack!);
        Assert.Equal(["extent", "filetype"], manifest.Root.Ext4Features);
        Assert.Equal($"example/supervisor:v14.1.0@{image}", manifest.Supervisor!.Image);
        Assert.Equal(Directory.EnumerateFiles(At("layout/blobs/sha256")).Sum(f => new FileInfo(f).Length), manifest.Supervisor.DownloadBytes);
    }

    /// <summary>What a device would refuse is not signed, and the refusal names what is too long.</summary>
    [Fact]
    public async Task A_manifest_that_is_larger_than_a_device_keeps_is_not_signed()
    {
        await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));
        await TestImage.WriteAsync(At("layout"), "2.0.0");
        await File.WriteAllTextAsync(At("notes"), new string('x', ReleaseManifest.MaxBytes));

        var run = await CommandRun.OfAsync("release", "sign", "--as-is", "--image", At("layout"), "--key", At("release.key"), "--device-type", "x", "--sequence", "1", "--notes", At("notes"), "--out", At("release.dsse"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("a device keeps at most 262144", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(At("release.dsse")));
    }

    [Fact]
    public async Task A_release_whose_time_is_over_is_not_called_good()
    {
        foreach (string role in (string[])["release", "updater"])
            await CommandRun.OfAsync("key", "new", "--role", role, "--out", At(role + ".key"));
        await CommandRun.OfAsync("trust", "make", "--release", At("release.key"), "--updater", At("updater.key"), "--out", At("trust.json"));
        await TestImage.WriteAsync(At("layout"), "2.0.0");
        foreach (var (name, days) in ((string, string)[])[("over", "0"), ("good", "1")])
            await GoodAsync("release", "sign", "--as-is", "--image", At("layout"), "--key", At("release.key"), "--device-type", "x", "--boot-loader", "grub", "--sequence", "1", "--expires-in-days", days, "--out", At(name));

        var over = await CommandRun.OfAsync("release", "verify", At("over"), "--trust", At("trust.json"));

        Assert.Equal((3, ""), (over.ExitCode, over.Output));
        Assert.Contains("[expired]", over.Error, StringComparison.Ordinal);
        Assert.Contains("good: 2.0.0", await GoodAsync("release", "verify", At("good"), "--trust", At("trust.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stepping_stone_above_the_release_is_not_signed()
    {
        await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));
        await TestImage.WriteAsync(At("layout"), "2.0.0");

        var run = await CommandRun.OfAsync("release", "sign", "--as-is", "--image", At("layout"), "--key", At("release.key"), "--device-type", "x", "--sequence", "1", "--stepping-stone", "2.0.1", "--out", At("release.dsse"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("stepping stone '2.0.1' is not a version below 2.0.0", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(At("release.dsse")));
    }

    [Fact]
    public async Task A_release_can_be_signed_as_its_image_is()
    {
        await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));
        var image = await TestImage.WriteAsync(At("layout"), "2.0.0");

        var run = await CommandRun.OfAsync("release", "sign", "--as-is", "--image", At("layout"), "--key", At("release.key"), "--device-type", "x", "--sequence", "1", "--out", At("release.dsse"));

        Assert.Equal(0, run.ExitCode);
        var manifest = ReleaseManifest.Parse(Envelope.Parse(await File.ReadAllBytesAsync(At("release.dsse"))).UnverifiedPayload.Span);
        Assert.Equal((image, manifest.Image.Layers.Sum(l => l.Size)), (manifest.Image.Digest, manifest.Image.BytesBegunAnew));
    }

    [Theory]
    [InlineData("loader=/resin-boot/grub.cfg@disk:8192,boot0:0", 0, "")]
    [InlineData("loader=/resin-boot/grub.cfg@disk:8192", 2, "--single-copy")]
    [InlineData("loader=/resin-boot/none@disk:8192,boot0:0", 2, "the image has no file")]
    [InlineData("loader=/resin-boot/grub.cfg@disk:8191,boot0:0", 2, "'disk:8191' is no place")]
    [InlineData("loader=/resin-boot/grub.cfg@tape:0,boot0:0", 2, "'tape:0' is no place")]
    [InlineData("loader", 2, "NAME=PATH@MEDIUM:OFFSET")]
    public async Task Raw_areas_of_a_boot_loader_are_files_of_the_image_with_their_places(string area, int exit, string said)
    {
        await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));
        await TestImage.WriteAsync(At("layout"), "2.0.0");

        var run = await CommandRun.OfAsync("release", "sign", "--as-is", "--image", At("layout"), "--key", At("release.key"), "--device-type", "x", "--sequence", "1", "--boot-area", area, "--out", At("release.dsse"));

        Assert.Equal(exit, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        if (exit != 0)
            return;
        var manifest = ReleaseManifest.Parse(Envelope.Parse(await File.ReadAllBytesAsync(At("release.dsse"))).UnverifiedPayload.Span);
        var signed = Assert.Single(manifest.BootAreas);
        Assert.Equal(("loader", 4L, Digest.Of("grub"u8)), (signed.Name, signed.Size, signed.Digest));
        Assert.Equal([new BootAreaCopy("disk", 8192), new BootAreaCopy("boot0", 0)], signed.Copies);
        Assert.Equal([BootArea.Feature], manifest.Requires);
    }

    [Theory]
    [InlineData("resin-rootA", "that is the name of a slot")]
    [InlineData("seventeen-letters", "ext4 takes 16 bytes")]
    public async Task A_label_that_no_slot_can_have_is_not_signed(string label, string why)
    {
        await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));
        await TestImage.WriteAsync(At("layout"), "2.0.0");

        var run = await CommandRun.OfAsync("release", "sign", "--as-is", "--image", At("layout"), "--key", At("release.key"), "--device-type", "x", "--sequence", "1", "--root-label", label, "--out", At("release.dsse"));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(At("release.dsse")));
    }

    [Theory]
    [InlineData("intel-nuc", null, "")]
    [InlineData("my-board", "u-boot", "")]
    [InlineData("my-board", null, "warning: device type my-board is not one that the device program knows, so that devices refuse this release: sign it with --boot-loader\n")]
    public async Task A_device_type_of_one_s_own_needs_its_boot_loader_named(string type, string? loader, string warning)
    {
        await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));
        await TestImage.WriteAsync(At("layout"), "2.0.0");

        var run = await CommandRun.OfAsync(["release", "sign", "--as-is", "--image", At("layout"), "--key", At("release.key"), "--device-type", type, "--sequence", "1", "--out", At("o"), .. loader is null ? [] : (string[])["--boot-loader", loader]]);

        Assert.Equal((0, warning), (run.ExitCode, run.Error));
        Assert.Equal(loader is null ? [] : [loader], ReleaseManifest.Parse(Envelope.Parse(await File.ReadAllBytesAsync(At("o"))).UnverifiedPayload.Span).BootLoaders);
    }

    [Fact]
    public async Task A_layout_without_an_image_is_named_in_the_error()
    {
        await CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));
        Directory.CreateDirectory(At("empty"));

        var run = await CommandRun.OfAsync("release", "sign", "--image", At("empty"), "--key", At("release.key"), "--device-type", "x", "--sequence", "1", "--out", At("o"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("layout", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_rotated_by_signed_lists_and_a_release_of_a_revoked_key_is_refused()
    {
        foreach (string name in (string[])["root", "old", "new"])
            await CommandRun.OfAsync("key", "new", "--role", name == "root" ? "root" : "release", "--out", At(name + ".key"));
        await CommandRun.OfAsync("trust", "make", "--release", At("old.key"), "--root", At("root.key"), "--out", At("trust-1.json"));

        await GoodAsync("key", "rotate", "--trust", At("trust-1.json"), "--role", "release", "--add", At("new.key"), "--key", At("root.key"), "--out", At("trust-2.dsse"));
        await GoodAsync("key", "rotate", "--trust", At("trust-2.dsse"), "--role", "release", "--remove", At("old.key"), "--key", At("root.key"), "--out", At("trust-3.dsse"), "--list", At("trust-3.json"));

        Assert.Contains("version 3\n", (await GoodAsync("trust", "show", At("trust-3.json"))).Replace("\r", "", StringComparison.Ordinal), StringComparison.Ordinal);
        await TestImage.WriteAsync(At("layout"), "2.0.0");
        foreach (string name in (string[])["old", "new"])
            await GoodAsync("release", "sign", "--image", At("layout"), "--key", At(name + ".key"), "--device-type", "x", "--boot-loader", "u-boot", "--sequence", "1", "--expires-in-days", "30", "--out", At(name + ".dsse"));
        foreach (var (list, release, exit) in ((string, string, int)[])[("trust-1.json", "old", 0), ("trust-1.json", "new", 3), ("trust-2.dsse", "old", 0), ("trust-2.dsse", "new", 0), ("trust-3.json", "old", 3), ("trust-3.json", "new", 0)])
            Assert.Equal((list, release, exit), (list, release, (await CommandRun.OfAsync("release", "verify", At(release + ".dsse"), "--trust", At(list))).ExitCode));
    }

    [Fact]
    public async Task A_list_that_no_device_would_take_is_not_written()
    {
        foreach (string name in (string[])["root", "stranger"])
            await CommandRun.OfAsync("key", "new", "--role", "root", "--out", At(name + ".key"));
        await CommandRun.OfAsync("trust", "make", "--root", At("root.key"), "--out", At("trust.json"));

        var foreign = await CommandRun.OfAsync("key", "rotate", "--trust", At("trust.json"), "--role", "root", "--add", At("stranger.key"), "--key", At("stranger.key"), "--out", At("next.dsse"));
        var nothing = await CommandRun.OfAsync("key", "rotate", "--trust", At("trust.json"), "--role", "root", "--key", At("root.key"), "--out", At("next.dsse"));
        var last = await CommandRun.OfAsync("key", "rotate", "--trust", At("trust.json"), "--role", "root", "--remove", At("root.key"), "--key", At("root.key"), "--out", At("next.dsse"));

        Assert.Equal((3, 2, 3), (foreign.ExitCode, nothing.ExitCode, last.ExitCode));
        Assert.False(File.Exists(At("next.dsse")));
    }

    private static async Task<string> GoodAsync(params string[] args)
    {
        var run = await CommandRun.OfAsync(args);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        return run.Output;
    }

    private string At(string name) => Path.Combine(_folder, name);
}
