using Hostup.Core.Errors;

namespace Hostup.Updates.Run;

/// <summary>
/// One step of an update. It touches the device only through ports, looks first and does only what is missing, and knows no other step.
/// </summary>
public interface IStep
{
    /// <summary>Name in journal, reports and docs/update-run.md.</summary>
    string Name { get; }

    /// <summary>State that an operator sees while it runs, as in <see cref="Core.Wire.AttemptStates"/>.</summary>
    string State { get; }

    /// <summary>Error code when the device's files cannot be read or written during the step.</summary>
    HostupErrorCode FileError { get; }

    /// <summary>Whether its effect is still there after a reboot; else its record counts only within the boot that wrote it.</summary>
    bool OutlivesReboot { get; }

    /// <summary>Whether its effect is for certain still there when the process ended: a lock is not.</summary>
    bool OutlivesProcess => true;

    /// <summary>Brings the effect about. The effect is durable when it returns.</summary>
    ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct);

    /// <summary>Takes the effect back, whole or in part. Idempotent; also called when <see cref="DoAsync"/> failed half-way. When it throws, what rests on the effect stays too.</summary>
    /// <returns>What is left, on which no other step rests; null: nothing.</returns>
    ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct);
}
