namespace Hostup.Updates.Ports;

/// <summary>Told about progress inside a step, for the agent to report. Volatile; a failure here never ends an update.</summary>
public interface IAttemptProgress
{
    /// <summary>The operator asked to end this attempt.</summary>
    bool CancelRequested { get; }

    /// <summary>Bytes of the current step.</summary>
    /// <param name="state">State as in <see cref="Core.Wire.AttemptStates"/>.</param>
    /// <param name="done">Bytes done.</param>
    /// <param name="total">Bytes in all; zero when unknown.</param>
    /// <param name="note">What the step waits for, or the source in use; null: nothing to say.</param>
    void Report(string state, long done, long total, string? note);
}
