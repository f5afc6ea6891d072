using Hostup.Core.Wire;

namespace Hostup.Device.Tests.Agent;

/// <summary>An update whose release is here and whose updater does not come.</summary>
public sealed class AgentPatienceTests : IAsyncLifetime
{
    private const string Envelopes = "device/v1/envelopes/";
    private const string Updaters = "device/v1/updaters/";
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private AgentScene _scene = null!;

    public async ValueTask InitializeAsync()
    {
        _scene = await AgentScene.MakeAsync();
        _scene.Server.Busy[Updaters] = (503, null);
    }

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task The_server_hears_what_it_waits_for()
    {
        await _scene.PassAsync(TimeSpan.FromSeconds(1));

        Assert.Equal((AttemptStates.Waiting, "server-busy"), (_scene.Told.State, _scene.Told.ErrorCode));
        Assert.StartsWith("cannot fetch the updater: the server answers 503", _scene.Told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_try_that_is_repeated_costs_only_what_is_missing()
    {
        await _scene.PassAsync(30 * Minute);

        Assert.InRange(_scene.Requests(Updaters), 3, 10);
        Assert.Equal(2, _scene.Requests(Envelopes)); // the release's and the updater's
    }

    [Fact]
    public async Task It_ends_with_its_reason_when_the_policy_is_patient_no_more()
    {
        Asks(new UpdatePolicy { PatienceSeconds = 7200 });

        await _scene.PassAsync(100 * Minute);
        Assert.Equal(AttemptStates.Waiting, _scene.Told.State);
        await _scene.PassAsync(120 * Minute);

        Assert.Equal((AttemptStates.Failed, "server-busy"), (_scene.Told.State, _scene.Told.ErrorCode));
        Assert.Contains("503", _scene.Told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Time_in_which_the_policy_lets_nothing_be_fetched_does_not_count()
    {
        Asks(new UpdatePolicy { PatienceSeconds = 7200, WaitsWhileMetered = true });
        await _scene.PassAsync(60 * Minute);
        _scene.Sim.Ports.Metered = true;
        await _scene.PassAsync(300 * Minute);
        Assert.Equal((AttemptStates.Waiting, null), (_scene.Told.State, _scene.Told.ErrorCode));
        int tries = _scene.Requests(Updaters);
        _scene.Sim.Ports.Metered = false;

        await _scene.PassAsync(60 * Minute);

        Assert.True(_scene.Requests(Updaters) > tries);
        Assert.Equal((AttemptStates.Waiting, "server-busy"), (_scene.Told.State, _scene.Told.ErrorCode));
    }

    private void Asks(UpdatePolicy policy) => _scene.Server.Poll = new PollAnswer(900, _scene.Target with { Policy = policy });
}
