using Hostup.Core.Wire;
using Hostup.Device.Agent;

namespace Hostup.Device.Tests.Agent;

/// <summary>An agent whose server does not serve: what it asks, and how often.</summary>
public sealed class AgentPaceTests : IAsyncLifetime
{
    private const string Everything = "device/v1/";
    private const string Poll = "device/v1/poll";
    private static readonly TimeSpan SixHours = TimeSpan.FromHours(6);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private AgentScene _scene = null!;

    public async ValueTask InitializeAsync()
    {
        _scene = await AgentScene.MakeAsync();
        _scene.Server.Poll = new PollAnswer(900, null);
    }

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Theory]
    [InlineData(502)]
    [InlineData(429)]
    [InlineData(403)]
    [InlineData(302)]
    public async Task A_server_that_refuses_everything_is_asked_hardly_more_often_than_one_that_serves(int status)
    {
        _scene.Server.Busy[Everything] = (status, null);

        await _scene.PassAsync(SixHours);

        // 24 polls of a quarter of an hour each, and those of the growing pauses before
        Assert.InRange(_scene.Polls, 16, 60);
    }

    [Fact]
    public async Task A_web_page_in_the_place_of_the_server_is_asked_hardly_more_often_too()
    {
        _scene.Server.Files[Poll] = "<html><body>Please agree to our terms.</body></html>"u8.ToArray();

        await _scene.PassAsync(SixHours);

        Assert.InRange(_scene.Polls, 16, 60);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_looked_for_after_growing_pauses()
    {
        _scene.Start(new Uri("http://127.0.0.1:1/"));

        var pauses = await _scene.PassAsync(SixHours);

        Assert.InRange(pauses[0].TotalSeconds, 10, 30);
        Assert.InRange(pauses.Count, 16, 60);
        Assert.All(pauses, p => Assert.True(p <= ServerPace.UsualInterval * 1.5, $"{p}"));
    }

    [Fact]
    public async Task The_interval_that_the_server_set_bounds_the_pauses()
    {
        _scene.Server.Poll = new PollAnswer(7200, null);
        _scene.Sim.Ports.Now += (await _scene.Agent.TurnAsync(default))!.Value;
        _scene.Server.Busy[Everything] = (503, null);

        var pauses = await _scene.PassAsync(TimeSpan.FromDays(2));

        Assert.InRange(pauses.Max().TotalSeconds, 3600, 10_800);
    }

    [Fact]
    public async Task A_server_that_says_when_to_come_back_is_not_asked_before()
    {
        _scene.Server.Busy[Everything] = (429, 5000);

        var pauses = await _scene.PassAsync(TimeSpan.FromSeconds(1));

        Assert.InRange(Assert.Single(pauses).TotalSeconds, 5000, 5100);
        Assert.Equal(1, _scene.Polls);
    }

    [Fact]
    public async Task An_answer_begins_the_pauses_anew()
    {
        _scene.Server.Busy[Everything] = (502, null);
        await _scene.PassAsync(SixHours);
        _scene.Server.Busy.Clear();
        Assert.InRange((await _scene.PassAsync(TimeSpan.FromSeconds(1))).Single().TotalSeconds, 900, 990);
        _scene.Server.Busy[Everything] = (502, null);

        Assert.InRange((await _scene.PassAsync(TimeSpan.FromSeconds(1))).Single().TotalSeconds, 10, 30);
    }

    [Fact]
    public async Task An_update_that_runs_is_looked_at_each_second_while_its_server_is_left_alone()
    {
        _scene.Unit("active");
        _scene.Server.Busy[Everything] = (502, 100);

        var pauses = await _scene.PassAsync(TimeSpan.FromSeconds(50));

        Assert.All(pauses, p => Assert.Equal(TimeSpan.FromSeconds(1), p));
        Assert.Single(_scene.Server.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Poll_now_ends_a_pause_after_a_failure_too_and_while_an_update_runs(bool runs)
    {
        using var end = new CancellationTokenSource();
        int polls = 0;
        _scene.Server.Asked = path =>
        {
            if (path == Poll && ++polls == 2)
                end.Cancel();
        };
        if (runs)
            _scene.Unit("active");
        else
            _scene.Server.Busy[Everything] = (502, 5000);
        _scene.Wake.Wake();

        await Task.WhenAny(_scene.Agent.RunAsync(end.Token)).WaitAsync(Limit);

        Assert.Equal(2, polls);
    }
}
