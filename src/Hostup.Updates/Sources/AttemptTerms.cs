using Hostup.Core.Wire;
using Hostup.Updates.Policies;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Sources;

/// <summary>The terms of an attempt: its policy as it is at the moment, the operator's wishes, its account.</summary>
/// <param name="update">The attempt.</param>
/// <param name="what">What is fetched.</param>
/// <param name="state">State that is told.</param>
public sealed class AttemptTerms(StepContext update, string what, string state) : IFetchTerms
{
    /// <summary>Most patience that this has, whatever the policy says; null: as the policy says.</summary>
    public TimeSpan? MostPatience { get; init; }

    /// <inheritdoc/>
    public string What => what;

    /// <inheritdoc/>
    public string State => state;

    /// <inheritdoc/>
    public string Seed => update.Plan.AttemptId;

    /// <inheritdoc/>
    public TimeSpan Patience => TimeSpan.FromSeconds(update.Policy.PatienceSeconds) is var policy && MostPatience < policy ? MostPatience.Value : policy;

    /// <inheritdoc/>
    public TimeSpan Wait => TimeSpan.FromSeconds(update.Policy.DeltaWaitSeconds);

    /// <inheritdoc/>
    public UpdatePolicy Policy => update.Policy;

    /// <inheritdoc/>
    public ISystemClock Clock => update.Device.Clock;

    /// <inheritdoc/>
    public void HonourCancel() => update.HonourCancel();

    /// <inheritdoc/>
    public ValueTask<string?> HeldAsync(CancellationToken ct) => update.Hold.FetchAsync(ct);

    /// <inheritdoc/>
    public ValueTask<bool> WaitAsync(CancellationToken ct) => PolicyPause.WhileAsync(update, AttemptStates.Waiting, update.Hold.FetchAsync, ct);

    /// <inheritdoc/>
    public void Keep() => update.Account.Save();

    /// <inheritdoc/>
    public void Tell(string state, string note) => update.Progress.Report(state, 0, 0, note);
}
