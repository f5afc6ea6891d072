using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Lab.Sim;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Tests.Supervisor;

/// <summary>What an engine gets of an image when links, registries and contents fail, and what it never gets.</summary>
public sealed class ImageFeedTests
{
    private static readonly EngineImageName Image = EngineImageName.Parse($"sim/supervisor:v2@{Digest.Of("v2"u8)}");
    private static readonly byte[] Layer = SimImage.LayerOf(Image);
    private static readonly Digest LayerDigest = Digest.Of(Layer);
    private readonly SimTerms _terms = new();
    private readonly SimTaker _engine = new();

    [Fact]
    public async Task A_link_that_breaks_goes_on_where_it_broke_and_the_engine_does_not_notice()
    {
        var registry = new SimImage("registry", Image) { BreaksAfter = 70_000, Breaks = 2 };
        using var feed = new ImageFeed(_terms, [registry]);

        await CopyAsync(feed);

        Assert.Equal([0, 70_000, 140_000], registry.OpenedAt);
        Assert.Equal([0], _engine.Begun);
        Assert.Equal(Layer, _engine.Bytes);
        Assert.Equal((Layer.Length, 0), (registry.Bytes.Received, registry.Retried.Received));
    }

    [Fact]
    public async Task The_fallback_brings_the_rest_of_a_blob_when_the_registry_is_gone()
    {
        var registry = new SimImage("registry", Image) { BreaksAfter = 100_000, GoneOnceBroken = true };
        var fallback = new SimImage("fallback", Image);
        using var feed = new ImageFeed(_terms, [registry, fallback]);

        await CopyAsync(feed);

        Assert.Equal([100_000], fallback.OpenedAt);
        Assert.Equal([0], _engine.Begun);
        Assert.Equal(Layer, _engine.Bytes);
        Assert.Contains(_terms.Told, t => t.StartsWith("supervisor: source registry: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_registry_that_drips_lets_the_fallback_have_its_turn()
    {
        var registry = new SimImage("registry", Image) { BreaksAfter = 1000, Meanwhile = () => _terms.Pass(TimeSpan.FromSeconds(30)) };
        var fallback = new SimImage("fallback", Image);
        using var feed = new ImageFeed(_terms, [registry, fallback]);

        await CopyAsync(feed);

        Assert.Equal([4000], fallback.OpenedAt);
        Assert.Equal(Layer, _engine.Bytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(SimImage.LayerBytes / 2)]
    [InlineData(SimImage.LayerBytes - 1)]
    public async Task A_blob_that_is_wrong_never_reaches_the_engine_whole_and_comes_from_the_next_source_when_it_asks_again(int damage)
    {
        var registry = new SimImage("registry", Image) { DamageAt = damage };
        var fallback = new SimImage("fallback", Image);
        using var feed = new ImageFeed(_terms, [registry, fallback]);

        var error = await Assert.ThrowsAsync<HostupException>(() => CopyAsync(feed));
        int had = _engine.Bytes.Count;
        await CopyAsync(feed, from: had);
        Assert.Empty(_engine.Bytes); // told to begin anew, though it asked to go on
        Assert.Empty(fallback.OpenedAt);
        await CopyAsync(feed);

        Assert.Equal(HostupErrors.DigestMismatch, error.Code);
        Assert.InRange(had, 1, Layer.Length - 1);
        Assert.Null(feed.Fault);
        Assert.Equal([0, 0, 0], _engine.Begun);
        Assert.Equal(Layer, _engine.Bytes);
        Assert.Equal((0, Layer.Length), (registry.Bytes.Received, registry.Retried.Received));
        Assert.Single(registry.OpenedAt);
    }

    [Fact]
    public async Task Of_two_sources_that_gave_a_wrong_blob_together_the_first_is_left_out_and_the_other_gives_it_alone()
    {
        var registry = new SimImage("registry", Image) { DamageAt = 5, BreaksAfter = 100_000, GoneOnceBroken = true };
        var fallback = new SimImage("fallback", Image);
        using var feed = new ImageFeed(_terms, [registry, fallback]);

        await Assert.ThrowsAsync<HostupException>(() => CopyAsync(feed));
        await CopyAsync(feed, from: _engine.Bytes.Count);
        await CopyAsync(feed);

        Assert.Equal([100_000, 0], fallback.OpenedAt);
        Assert.Equal(Layer, _engine.Bytes);
        Assert.Equal((0, 100_000), (registry.Bytes.Received, registry.Retried.Received));
        Assert.Equal((Layer.Length, 100_000), (fallback.Bytes.Received, fallback.Retried.Received));
    }

    [Fact]
    public async Task What_only_wrong_sources_have_is_given_up_and_nothing_is_fetched_for_it_again()
    {
        var registry = new SimImage("registry", Image) { DamageAt = 9 };
        using var feed = new ImageFeed(_terms, [registry]);

        await Assert.ThrowsAsync<HostupException>(() => CopyAsync(feed));
        for (int i = 0; i < 3; i++)
            Assert.Equal(HostupErrors.DigestMismatch, (await Assert.ThrowsAsync<HostupException>(() => CopyAsync(feed, from: 65_536))).Code);

        Assert.Equal(HostupErrors.DigestMismatch, feed.Fault!.Code);
        Assert.Single(registry.OpenedAt);
    }

    [Fact]
    public async Task An_engine_that_comes_back_goes_on_where_it_is_also_in_the_middle_of_a_piece()
    {
        var registry = new SimImage("registry", Image);
        using var feed = new ImageFeed(_terms, [registry]);

        foreach (int leaves in (int[])[65_536, 100_000])
        {
            _engine.LeavesAfter = leaves;
            await Assert.ThrowsAsync<IOException>(() => CopyAsync(feed, from: _engine.Bytes.Count));
            Assert.Equal(leaves, _engine.Bytes.Count);
        }
        _engine.LeavesAfter = null;
        await CopyAsync(feed, from: 100_000);

        Assert.Equal([0, 65_536, 100_000], _engine.Begun);
        Assert.Equal([0, 131_072, 131_072], registry.OpenedAt);
        Assert.Equal(Layer, _engine.Bytes);
        Assert.Equal(Layer.Length, registry.Bytes.Received);
    }

    /// <summary>Engines leave an answer open that they do not want: who wrote to it would wait for ten minutes, and what it fetched for that would be in vain.</summary>
    [Fact]
    public async Task An_engine_that_has_lost_what_it_had_is_told_to_begin_anew_and_nothing_is_fetched_before_it_does()
    {
        var registry = new SimImage("registry", Image);
        using var feed = new ImageFeed(_terms, [registry]);

        await CopyAsync(feed);
        await CopyAsync(feed, from: 3);
        Assert.Empty(_engine.Bytes);
        Assert.Equal(Layer.Length, registry.Bytes.Received);
        await CopyAsync(feed);

        Assert.Equal([0, 0, 0], _engine.Begun);
        Assert.Equal(Layer, _engine.Bytes);
        Assert.Null(feed.Fault);
    }

    [Fact]
    public async Task A_document_is_fetched_once_and_a_wrong_one_is_asked_of_the_next_source()
    {
        var wrong = new SimImage("registry", EngineImageName.Parse($"sim/supervisor:v3@{Image.Digest}"));
        var right = new SimImage("fallback", Image);
        using var feed = new ImageFeed(_terms, [wrong, right]);

        var first = await feed.ManifestAsync(Image.Digest, default);
        var again = await feed.ManifestAsync(Image.Digest, default);

        Assert.Equal("v2"u8.ToArray(), first.Bytes.ToArray());
        Assert.Same(first, again);
        Assert.Equal((1, 1), (wrong.Asked, right.Asked));
    }

    [Fact]
    public async Task When_nothing_comes_for_as_long_as_the_patience_lasts_it_is_given_up()
    {
        var registry = new SimImage("registry", Image) { BreaksAfter = 100, GoneOnceBroken = true };
        using var feed = new ImageFeed(_terms, [registry]);

        var error = await Assert.ThrowsAsync<HostupException>(() => CopyAsync(feed));

        Assert.Equal(HostupErrors.Link, error.Code);
        Assert.Same(error, feed.Fault);
        Assert.Equal(_terms.Patience, _terms.Clock.Elapsed);
    }

    [Fact]
    public async Task A_cancelled_attempt_ends_it_between_two_pieces()
    {
        var registry = new SimImage("registry", Image) { Meanwhile = () => _terms.IsCancelled = true };
        using var feed = new ImageFeed(_terms, [registry]);

        var error = await Assert.ThrowsAsync<HostupException>(() => CopyAsync(feed));

        Assert.Equal(HostupErrors.Cancelled, error.Code);
        Assert.Same(error, feed.Fault);
        Assert.InRange(registry.Bytes.Received, 1, 65_536);
    }

    [Fact]
    public async Task A_window_that_closes_meanwhile_is_waited_for_and_nothing_is_fetched_twice()
    {
        bool closed = false;
        var registry = new SimImage("registry", Image)
        {
            Meanwhile = () =>
            {
                _terms.Pass(TimeSpan.FromSeconds(31));
                _terms.HeldUntil = closed ? null : _terms.Clock.Elapsed + TimeSpan.FromHours(20);
                closed = true;
            },
        };
        using var feed = new ImageFeed(_terms, [registry]);

        await CopyAsync(feed);

        Assert.Equal(1, _terms.Waits);
        Assert.Equal([0, 65_536], registry.OpenedAt);
        Assert.Equal(Layer, _engine.Bytes);
        Assert.True(_terms.Clock.Elapsed > TimeSpan.FromHours(20));
    }

    /// <summary>A slow link takes hours for it: who reports nothing for 40 minutes is ended.</summary>
    [Fact]
    public async Task What_comes_is_told_piece_by_piece_and_kept_each_quarter_of_a_mebibyte()
    {
        const string sign = "supervisor: registry";
        var registry = new SimImage("registry", Image) { Meanwhile = () => _terms.Told.Add("piece") };
        using var feed = new ImageFeed(_terms, [registry]);

        await CopyAsync(feed);
        Assert.Equal(1, _terms.Kept); // at the end of the try
        await CopyAsync(feed);

        Assert.Equal(8, _terms.Told.Count(t => t == "piece"));
        Assert.All(_terms.Told.Index().Where(t => t.Item == "piece"), t => Assert.Equal(sign, _terms.Told[t.Index - 1]));
        Assert.Equal(3, _terms.Kept); // 262,144 bytes were reached in its middle
    }

    [Fact]
    public void Its_sources_end_with_it()
    {
        var registry = new SimImage("registry", Image);

        new ImageFeed(_terms, [registry]).Dispose();

        Assert.True(registry.IsClosed);
    }

    private Task CopyAsync(ImageFeed feed, long from = 0) => feed.CopyAsync(LayerDigest, Layer.Length, from, _engine, default).AsTask();
}
