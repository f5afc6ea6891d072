using Hostup.Core.Wire;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Sources;

/// <summary>On what terms something is fetched: who may end it, what holds it back, for how long it is tried, who is told.</summary>
public interface IFetchTerms
{
    /// <summary>What is fetched; completes "cannot get ..." in errors.</summary>
    string What { get; }

    /// <summary>State that is told while it is fetched, as in <see cref="Core.Wire.AttemptStates"/>.</summary>
    string State { get; }

    /// <summary>Spreads the pauses: another one for each device and time.</summary>
    string Seed { get; }

    /// <summary>How long nothing may come before it is given up; time in which the policy holds it back does not count.</summary>
    TimeSpan Patience { get; }

    /// <summary>For how long a source that is worth it is waited for before the next one has its turn.</summary>
    TimeSpan Wait => TimeSpan.Zero;

    /// <summary>The policy as it is at the moment.</summary>
    UpdatePolicy Policy { get; }

    /// <summary>Time.</summary>
    ISystemClock Clock { get; }

    /// <summary>Ends it here when the operator asked for that.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>cancelled</c> or <c>superseded</c>.</exception>
    void HonourCancel();

    /// <summary>Why nothing may be fetched now; null: it may.</summary>
    ValueTask<string?> HeldAsync(CancellationToken ct);

    /// <summary>Waits while nothing may be fetched.</summary>
    /// <returns>Whether it had to.</returns>
    /// <exception cref="Core.Errors.HostupException"><c>held</c>: nobody waits here.</exception>
    ValueTask<bool> WaitAsync(CancellationToken ct);

    /// <summary>Keeps the account of bytes.</summary>
    void Keep();

    /// <summary>Tells a state with a note; the same again and again while it lasts, as a sign of life.</summary>
    void Tell(string state, string note);
}
