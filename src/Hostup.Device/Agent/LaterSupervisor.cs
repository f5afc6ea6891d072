using Hostup.Core.Errors;
using Hostup.Updates.Ports;

namespace Hostup.Device.Agent;

/// <summary>Brings a supervisor that could not be fetched with its release, beside the polls: a pull takes minutes. A failure costs nothing but the next try.</summary>
/// <param name="clock">Spaces the tries.</param>
/// <param name="bring">One try; says what was done, null: nothing was to do.</param>
internal sealed class LaterSupervisor(ISystemClock clock, Func<CancellationToken, ValueTask<string?>> bring)
{
    /// <summary>upstream's update timer has an hour of random delay</summary>
    public static readonly TimeSpan BetweenTries = TimeSpan.FromHours(1);

    private CancellationTokenSource? _stop;
    private Task _work = Task.CompletedTask;
    private TimeSpan? _last;

    /// <summary>Begins a try when it is time for one and none is under way; returns at once.</summary>
    public void Begin(CancellationToken ct)
    {
        if (!_work.IsCompleted || (_last is { } last && clock.Elapsed - last < BetweenTries))
            return;
        _last = clock.Elapsed;
        _stop?.Dispose();
        _stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        _work = TryAsync(_stop.Token);
    }

    /// <summary>Ends a try that is under way, as an update that begins must have the supervisor for itself. Never fails.</summary>
    public async Task EndAsync()
    {
        if (_stop is not null)
            await _stop.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
    }

    private async Task TryAsync(CancellationToken ct)
    {
        try
        {
            if (await bring(ct).ConfigureAwait(false) is { } said)
                await Console.Error.WriteLineAsync(said).ConfigureAwait(false);
        }
        catch (Exception e) when (MediumFault.IsKnown(e) || (e is OperationCanceledException && ct.IsCancellationRequested))
        {
            await Console.Error.WriteLineAsync(e is HostupException known ? $"{e.Message} [{known.Code}]" : $"the supervisor comes later: {e.Message}").ConfigureAwait(false);
        }
    }
}
