using Hostup.Core.Wire;
using Hostup.Lab.Sim;

namespace Hostup.Device.Tests.Attacks;

/// <summary>Every kind of byte between the OS builder and the device, altered: refused, and nothing that boots is touched.</summary>
public sealed class TamperingTests
{
    public static TheoryData<string> Names => [.. Tamperings.All.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task What_was_altered_is_refused_before_it_can_do_harm(string name)
    {
        var (tamper, code, reach) = Tamperings.All[name];
        using var scene = await Scene.SetAsync();
        await using var server = scene.Server;
        tamper(scene);

        await scene.Victim.FaceAsync(server.Base);

        Assert.Equal(code, (scene.Victim.TrustError ?? scene.Victim.Error)?.Code.Id);
        Assert.True(scene.Victim.Reached() <= reach, $"{scene.Victim.Reached()}");
        Assert.Empty(scene.Victim.Programs);
        Assert.True(scene.Victim.Program is null || scene.Victim.Program == ThisProgram.FilePath, scene.Victim.Program);
    }

    [Fact]
    public void There_are_more_than_forty() => Assert.True(Tamperings.All.Count > 40, $"{Tamperings.All.Count}");

    /// <summary>The twin of every case above: the same without the fault.</summary>
    [Fact]
    public async Task What_the_builder_signed_is_installed_and_committed()
    {
        using var scene = await Scene.SetAsync();
        await using var server = scene.Server;
        scene.Updater();

        await scene.Victim.FaceAsync(server.Base);

        Assert.Null(scene.Victim.Error);
        Assert.Equal(Reach.Switched, scene.Victim.Reached());
        Assert.Equal(scene.Victim.Programs, [scene.Victim.Program!]);
        await scene.Victim.Device.RunAsync();
        Assert.Equal(AttemptStates.Committed, scene.Victim.Device.Outcome);
        Assert.Equal(Scene.NewVersion, scene.Victim.Device.RunningRelease!.Version);
    }

    /// <summary>The spare is formatted when the first part has arrived whole; damage behind it is found all the same, and nothing boots from it.</summary>
    [Fact]
    public async Task Damage_behind_the_first_part_of_a_layer_costs_the_spare_slot_and_nothing_else()
    {
        byte[] ballast = new byte[4 << 20];
        new Random(7).NextBytes(ballast);
        using var scene = await Scene.SetAsync(ballast: ballast);
        await using var server = scene.Server;
        server.Image(scene.Image, layer: Scene.Flip(scene.Image.Layer, -100_000));

        await scene.Victim.FaceAsync(server.Base);

        Assert.Equal("digest-mismatch", scene.Victim.Error?.Code.Id);
        Assert.Equal(Reach.Spare, scene.Victim.Reached());
        await scene.Victim.Device.RunAsync();
        Assert.Equal("2.100.0", scene.Victim.Device.RunningRelease!.Version);
    }

    [Fact]
    public async Task A_signed_list_is_taken_and_the_release_of_its_new_key_is_installed()
    {
        using var scene = await Scene.SetAsync();
        await using var server = scene.Server;
        var builder = scene.Builder;
        server.Trust((2, builder.Sign(builder.Trust(2, release: builder.Stranger), builder.Root)));
        scene.Serve(Core.Trust.Envelope.Sign(Core.Releases.ReleaseManifest.PayloadType, scene.Manifest.ToJson(), builder.Stranger).ToJson());

        await scene.Victim.FaceAsync(server.Base);

        Assert.Null(scene.Victim.TrustError);
        Assert.Equal(2, scene.Victim.Trust.Load().Version);
        Assert.Equal(Reach.Switched, scene.Victim.Reached());
    }

    [Fact]
    public async Task An_older_updater_is_not_run_and_the_built_in_one_carries_the_update_out()
    {
        using var scene = await Scene.SetAsync();
        await using var server = scene.Server;
        scene.Updater(version: "0.0.1");

        await scene.Victim.FaceAsync(server.Base);

        Assert.Equal(ThisProgram.FilePath, scene.Victim.Program);
        Assert.Empty(scene.Victim.Programs);
        Assert.Equal(Reach.Switched, scene.Victim.Reached());
    }
}
