using System.Diagnostics;
using System.Globalization;
using Hostup.Device.Agent;

namespace Hostup.Device.Tests.Agent;

public sealed class AgentWakeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_pause_ends_when_it_is_woken_also_before_it_began_and_once_only()
    {
        using var wake = new AgentWake(TimeProvider.System);
        wake.Wake();
        wake.Wake();
        await wake.PauseAsync(Long, CancellationToken.None).WaitAsync(Limit);

        var second = wake.PauseAsync(Long, CancellationToken.None);

        Assert.False(second.IsCompleted);
        wake.Wake();
        await second.WaitAsync(Limit);
    }

    [Theory]
    [InlineData(10, 10, 11)]
    [InlineData(900, 900, 990)]
    [InlineData(7200, 6420, 7140)]
    [InlineData(6600, 6480, 7140)]
    [InlineData(7201, 7201, 7921)]
    [InlineData(86_400, 86_400, 95_040)]
    public void Pauses_are_spread_over_a_tenth_and_one_of_two_hours_ends_within_the_life_of_a_TLS_session(int interval, int least, int most)
    {
        var pauses = Enumerable.Range(0, 1000).Select(_ => AgentWake.WithJitter(interval).TotalSeconds).ToList();

        Assert.All(pauses, p => Assert.InRange(p, least, most));
        Assert.True(interval < 100 || pauses.Max() - pauses.Min() > interval / 20.0);
    }

    [Fact]
    public async Task A_pause_ends_with_the_agent()
    {
        using var wake = new AgentWake(TimeProvider.System);
        using var end = new CancellationTokenSource();
        var pause = wake.PauseAsync(Long, end.Token);

        await end.CancelAsync();

        await pause.WaitAsync(Limit);
        Assert.True(pause.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task The_signal_of_poll_now_ends_a_pause_and_not_the_process()
    {
        using var wake = new AgentWake(TimeProvider.System);
        var pause = wake.PauseAsync(Long, CancellationToken.None);

        using var kill = Process.Start("/bin/kill", ["-USR1", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();

        await pause.WaitAsync(Limit);
    }
}
