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

    /// <summary>Between tries that fail again and again: each may cost the whole image, and no budget ends them.</summary>
    public static readonly TimeSpan LongestBetweenTries = TimeSpan.FromDays(1);

    private int _failures;
    private CancellationTokenSource? _stop;
    private Task _work = Task.CompletedTask;
    private TimeSpan? _last;

    /// <summary>Begins a try when it is time for one and none is under way; returns at once.</summary>
    public void Begin(CancellationToken ct)
    {
        if (!_work.IsCompleted || (_last is { } last && clock.Elapsed - last < Pause))
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

    private TimeSpan Pause => BetweenTries * (1 << Math.Clamp(_failures - 1, 0, 10)) is var grown && grown < LongestBetweenTries ? grown : LongestBetweenTries;

    private async Task TryAsync(CancellationToken ct)
    {
        try
        {
            string? said = await bring(ct).ConfigureAwait(false);
            _failures = 0;
            if (said is not null)
                await Console.Error.WriteLineAsync(said).ConfigureAwait(false);
        }
        catch (Exception e) when (MediumFault.IsKnown(e) || (e is OperationCanceledException && ct.IsCancellationRequested))
        {
            if (!IsHeldBack(e))
                _failures++;
            await Console.Error.WriteLineAsync(e is HostupException known ? $"{e.Message} [{known.Code}]" : $"the supervisor comes later: {e.Message}").ConfigureAwait(false);
        }
    }

    /// <summary>Who was held back by the policy, or by an update, has not failed.</summary>
    private static bool IsHeldBack(Exception e) => e is OperationCanceledException || ((e as HostupException)?.Code is { } code && (code == HostupErrors.Held || code == HostupErrors.UpdateRunning));
}
