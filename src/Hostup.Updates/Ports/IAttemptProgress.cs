using Hostup.Core.Wire;

namespace Hostup.Updates.Ports;

/// <summary>What the operator wants of the attempt that runs.</summary>
[Flags]
public enum AttemptWishes
{
    /// <summary>That it goes on.</summary>
    None = 0,

    /// <summary>That it ends.</summary>
    Cancel = 1,

    /// <summary>That it ends because another one takes its place.</summary>
    Supersede = 2,

    /// <summary>That it does not wait for the update locks of applications.</summary>
    OverrideLocks = 4,
}

/// <summary>Told about progress inside a step, for the agent to report. Volatile; a failure here never ends an update.</summary>
public interface IAttemptProgress
{
    /// <summary>What the operator wants.</summary>
    AttemptWishes Wishes { get; }

    /// <summary>The policy as the server has it now; null: as it was when the attempt began.</summary>
    Core.Wire.UpdatePolicy? Policy => null;

    /// <summary>Bytes of the current step.</summary>
    /// <param name="state">State as in <see cref="AttemptStates"/>.</param>
    /// <param name="done">Bytes done.</param>
    /// <param name="total">Bytes in all; zero when unknown.</param>
    /// <param name="note">What the step waits for, or the source in use; null: nothing to say.</param>
    /// <param name="held">The lock that it waits for; null: none.</param>
    void Report(string state, long done, long total, string? note, LockReport? held = null);
}
