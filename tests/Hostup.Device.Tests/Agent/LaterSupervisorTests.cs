using Hostup.Device.Agent;
using Hostup.Lab.Sim;

namespace Hostup.Device.Tests.Agent;

public sealed class LaterSupervisorTests
{
    private readonly SkippingClock _clock = new();
    private readonly TaskCompletionSource<string?> _pull = new();
    private int _tries;

    [Fact]
    public async Task A_pull_that_takes_long_holds_nobody_up_and_is_not_begun_twice()
    {
        var later = new LaterSupervisor(_clock, PullAsync);

        later.Begin(default);
        _clock.Pass(TimeSpan.FromHours(3));
        later.Begin(default);

        Assert.Equal(1, _tries);
        _pull.SetResult("brought");
        await later.EndAsync();
        later.Begin(default);
        Assert.Equal(2, _tries);
    }

    [Fact]
    public async Task An_update_that_begins_ends_it_before_it_goes_on()
    {
        var later = new LaterSupervisor(_clock, PullAsync);
        later.Begin(default);

        await later.EndAsync();

        Assert.True(_pull.Task.IsCanceled);
    }

    [Fact]
    public async Task A_partition_that_takes_no_write_ends_no_agent_and_it_is_tried_again_in_an_hour()
    {
        var later = new LaterSupervisor(_clock, _ => { _tries++; throw new IOException("no space left on device"); });

        later.Begin(default);
        await later.EndAsync();
        _clock.Pass(LaterSupervisor.BetweenTries - TimeSpan.FromSeconds(1));
        later.Begin(default);
        Assert.Equal(1, _tries);
        _clock.Pass(TimeSpan.FromSeconds(1));
        later.Begin(default);

        Assert.Equal(2, _tries);
    }

    private async ValueTask<string?> PullAsync(CancellationToken ct)
    {
        _tries++;
        using var _ = ct.Register(() => _pull.TrySetCanceled(ct));
        return await _pull.Task;
    }
}
