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

    /// <summary>The spare is formatted when the first member has arrived whole; damage behind it is found member by member, and none of it is written.</summary>
    [Theory]
    [InlineData("a byte", "digest-mismatch")]
    [InlineData("a member of zeros", "digest-mismatch")]
    [InlineData("members exchanged", "digest-mismatch")]
    [InlineData("a member twice", "digest-mismatch")]
    [InlineData("cut short", "link")]
    public async Task Damage_behind_the_first_member_costs_the_spare_slot_and_writes_nothing_that_was_not_signed(string damage, string code)
    {
        using var scene = await Scene.SetAsync(Ballast());
        await using var server = scene.Server;
        server.Poll = server.Poll with { Target = server.Poll.Target! with { Policy = new UpdatePolicy { PatienceSeconds = 60 } } };
        int[] sizes = [.. scene.Image.Layers[0].Members.Select(m => m.Size)];
        Assert.True(sizes.Length > 4, $"{sizes.Length} members");
        byte[] layer = scene.Image.Layer;
        int third = sizes[0] + sizes[1], fourth = third + sizes[2], fifth = fourth + sizes[3];
        server.Image(scene.Image, layer: damage switch
        {
            "a byte" => Scene.Flip(layer, third + 1000),
            "a member of zeros" => [.. layer[..third], .. new byte[sizes[2]], .. layer[fourth..]],
            "members exchanged" => [.. layer[..third], .. layer[fourth..fifth], .. layer[third..fourth], .. layer[fifth..]],
            "a member twice" => [.. layer[..third], .. layer[sizes[0]..third], .. layer[fourth..]],
            _ => layer[..(third + 1000)],
        });

        await scene.Victim.FaceAsync(server.Base);

        Assert.Equal(code, scene.Victim.Error?.Code.Id);
        Assert.Equal(Reach.SignedSpare, scene.Victim.Reached());
        await scene.Victim.Device.RunAsync();
        Assert.Equal("2.100.0", scene.Victim.Device.RunningRelease!.Version);
    }

    /// <summary>The one exception, which the builder chose: a layer in one piece is known to be wrong at its end only.</summary>
    [Fact]
    public async Task Of_an_image_that_was_signed_as_it_is_unsigned_bytes_can_reach_the_spare_and_never_boot()
    {
        using var scene = await Scene.SetAsync(Ballast());
        await using var server = scene.Server;
        // Far more than what is read ahead of the writer: the end, where the fault shows, is not reached before the spare is written.
        byte[] other = Ballast()[..1_900_000];
        Array.Reverse(other);
        var evil = await scene.Builder.BuildAsync(SimRelease.Make(Scene.NewVersion, SimBehaviour.Good, ballast: other));
        scene.SignAsIs();
        server.Image(scene.Image, layer: [.. evil.Layer.Concat(new byte[scene.Image.Layer.Length]).Take(scene.Image.Layer.Length)]);

        await scene.Victim.FaceAsync(server.Base);

        Assert.Equal("digest-mismatch", scene.Victim.Error?.Code.Id);
        Assert.Equal(Reach.UnsignedSpare, scene.Victim.Reached());
        Assert.NotEmpty(scene.Victim.Device.SpareSlot.Files!);
        await scene.Victim.Device.RunAsync();
        Assert.Equal("2.100.0", scene.Victim.Device.RunningRelease!.Version);
    }

    /// <summary>The twin: the same image, whole.</summary>
    [Fact]
    public async Task An_image_that_was_signed_as_it_is_is_installed()
    {
        using var scene = await Scene.SetAsync(Ballast());
        await using var server = scene.Server;
        scene.SignAsIs();

        await scene.Victim.FaceAsync(server.Base);

        Assert.Null(scene.Victim.Error);
        Assert.Equal(Reach.Switched, scene.Victim.Reached());
    }

    // Random: it does not become smaller, so that a layer has several members.
    private static byte[] Ballast()
    {
        byte[] ballast = new byte[2 << 20];
        new Random(7).NextBytes(ballast);
        return ballast;
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
