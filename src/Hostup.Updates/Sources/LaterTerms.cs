using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Policies;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Sources;

/// <summary>The terms of what no attempt waits for: tried for a short while, never against the policy, and again another time.</summary>
/// <param name="device">The device.</param>
/// <param name="policy">The policy.</param>
/// <param name="what">What is fetched.</param>
public sealed class LaterTerms(DevicePorts device, UpdatePolicy policy, string what) : IFetchTerms
{
    private readonly PolicyHold _hold = new(device, () => policy);

    /// <inheritdoc/>
    public string What => what;

    /// <inheritdoc/>
    public string State => AttemptStates.Supervisor;

    /// <inheritdoc/>
    public string Seed => device.Power.BootId;

    /// <summary>Who tries again each hour need not be patient.</summary>
    public TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public UpdatePolicy Policy => policy;

    /// <inheritdoc/>
    public ISystemClock Clock => device.Clock;

    /// <summary>Nobody cancels it.</summary>
    public void HonourCancel()
    {
    }

    /// <inheritdoc/>
    public ValueTask<string?> HeldAsync(CancellationToken ct) => _hold.FetchAsync(ct);

    /// <inheritdoc/>
    public async ValueTask<bool> WaitAsync(CancellationToken ct) => await _hold.FetchAsync(ct).ConfigureAwait(false) is { } why
        ? throw new HostupException(HostupErrors.Held, $"cannot get {what} now", why, "it is tried again when the policy allows it")
        : false;

    /// <summary>It is in no attempt's account.</summary>
    public void Keep()
    {
    }

    /// <summary>Nobody is told before its end.</summary>
    public void Tell(string state, string note)
    {
    }
}
