using Hostup.Core.Errors;
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

    [Fact]
    public async Task One_that_fails_again_and_again_is_tried_ever_more_seldom_but_once_a_day_and_anew_after_a_success()
    {
        bool fails = true;
        var later = new LaterSupervisor(_clock, _ => { _tries++; return fails ? throw Error(HostupErrors.Supervisor) : ValueTask.FromResult<string?>(null); });

        Assert.Equal([0, 1, 3, 7, 15, 31, 55, 79, 103], await TriesAsync(later, hours: 110));
        fails = false;
        await TriesAsync(later, hours: 24);
        fails = true;

        var again = await TriesAsync(later, hours: 4);
        Assert.Equal([1, 2], again.Zip(again.Skip(1), (a, b) => b - a).Take(2));
    }

    [Theory]
    [InlineData("held")]
    [InlineData("update-running")]
    public async Task One_that_the_policy_or_an_update_holds_back_is_tried_each_hour(string code)
    {
        var later = new LaterSupervisor(_clock, _ => { _tries++; throw Error(HostupErrors.All.Single(c => c.Id == code)); });

        Assert.Equal([0, 1, 2, 3, 4, 5], await TriesAsync(later, hours: 6));
    }

    /// <summary>Hours in which it is tried.</summary>
    private async Task<List<int>> TriesAsync(LaterSupervisor later, int hours)
    {
        var tried = new List<int>();
        for (int hour = 0; hour < hours; hour++, _clock.Pass(TimeSpan.FromHours(1)))
        {
            int before = _tries;
            later.Begin(default);
            await later.EndAsync();
            if (_tries > before)
                tried.Add(hour);
        }
        return tried;
    }

    private static HostupException Error(HostupErrorCode code) => new(code, "cannot pull the supervisor", "a test", "wait");

    private async ValueTask<string?> PullAsync(CancellationToken ct)
    {
        _tries++;
        using var _ = ct.Register(() => _pull.TrySetCanceled(ct));
        return await _pull.Task;
    }
}
