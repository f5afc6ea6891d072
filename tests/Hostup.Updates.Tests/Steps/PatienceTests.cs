using Hostup.Core.Errors;
using Hostup.Lab.Sim;
using Hostup.Updates.Sources;

namespace Hostup.Updates.Tests.Steps;

/// <summary>When a chain of sources gives up: as late as the policy says, whatever the tries take, and never without a last one.</summary>
public sealed class PatienceTests
{
    private static readonly SimRelease Release = SimRelease.Make("2.101.0", SimBehaviour.Good);
    private readonly SimTerms _terms = new();
    private readonly List<(string Source, TimeSpan From, TimeSpan To)> _tries = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_try_that_takes_all_patience_is_followed_by_the_other_sources_and_then_it_ends(int sources)
    {
        _terms.Patience = TimeSpan.FromSeconds(60);

        var end = await EndAsync(sources, TimeSpan.FromSeconds(60), Broken);

        Assert.Equal(sources == 1 ? "link" : "all-sources", end.Code.Id);
        Assert.Equal(sources, _tries.Count);
    }

    [Theory]
    [InlineData(0, 7200)]
    [InlineData(1, 60)]
    [InlineData(60, 600)]
    [InlineData(7, 7200)]
    public async Task It_gives_up_after_a_last_try_at_the_end_of_the_patience_and_pauses_between_all_tries_of_a_source(int trySeconds, int patienceSeconds)
    {
        _terms.Patience = TimeSpan.FromSeconds(patienceSeconds);

        var end = await EndAsync(2, TimeSpan.FromSeconds(trySeconds), Broken);

        Assert.Equal("all-sources", end.Code.Id);
        foreach (var tries in _tries.GroupBy(t => t.Source))
        {
            Assert.True(tries.Last().To >= _terms.Patience, $"{tries.Key} was tried last at {tries.Last().From}");
            Assert.All(tries.Zip(tries.Skip(1)), t => Assert.True(t.Second.From - t.First.To >= TimeSpan.FromSeconds(1) || t.Second.From >= _terms.Patience, $"tried at {t.First.From} until {t.First.To} and at {t.Second.From}"));
        }
        Assert.InRange(_terms.Clock.Elapsed, _terms.Patience, _terms.Patience + (4 * TimeSpan.FromSeconds(trySeconds)));
    }

    [Fact]
    public async Task A_server_that_asked_to_be_left_alone_beyond_the_patience_is_not_asked_again()
    {
        _terms.Patience = TimeSpan.FromMinutes(30);

        await EndAsync(1, TimeSpan.Zero, () => new(HostupErrors.ServerBusy, "cannot fetch", "it is busy", "try again") { RetryAfter = TimeSpan.FromHours(1) });

        Assert.Single(_tries);
        Assert.Equal(_terms.Patience, _terms.Clock.Elapsed);
    }

    [Fact]
    public async Task Patience_that_the_policy_gets_meanwhile_counts()
    {
        _terms.Patience = TimeSpan.FromMinutes(5);

        await EndAsync(1, TimeSpan.FromSeconds(1), () =>
        {
            if (_terms.Clock.Elapsed > TimeSpan.FromMinutes(2))
                _terms.Patience = TimeSpan.FromMinutes(20);
            return Broken();
        });

        Assert.InRange(_terms.Clock.Elapsed, TimeSpan.FromMinutes(20), TimeSpan.FromSeconds(1201));
    }

    private async Task<HostupException> EndAsync(int sources, TimeSpan tryTakes, Func<HostupException> error)
    {
        var chain = new SourceChain<SimSource>(_terms, [.. Enumerable.Range(0, sources).Select(i => new SimSource($"source-{i}", Release))]);
        return await Assert.ThrowsAsync<HostupException>(async () => await chain.RunAsync(
            (source, _) =>
            {
                var from = _terms.Clock.Elapsed;
                _terms.Pass(tryTakes);
                _tries.Add((source.Name, from, _terms.Clock.Elapsed));
                return ValueTask.FromResult(new SourceTry(error(), Advanced: false, Arrived: false));
            },
            default));
    }

    private static HostupException Broken() => new(HostupErrors.Link, "cannot fetch", "connection reset", "check the link");
}
