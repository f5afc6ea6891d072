using Hostup.Core.Errors;

namespace Hostup.Updates.Run;

/// <summary>How a process's work on an attempt ended.</summary>
public enum RunEndKind
{
    /// <summary>There is no open attempt.</summary>
    NothingToDo,

    /// <summary>The reboot into the new slot was asked for.</summary>
    Rebooting,

    /// <summary>The trial has no verdict yet; the rollback programs own the device.</summary>
    TrialPending,

    /// <summary>Failed; everything was undone.</summary>
    Failed,

    /// <summary>A check refused it; everything was undone.</summary>
    Refused,

    /// <summary>The operator ended it; everything was undone.</summary>
    Cancelled,

    /// <summary>Another attempt took its place; everything was undone.</summary>
    Superseded,

    /// <summary>Failed, and taking it back or writing down its end failed too; it is tried again at the next start, unless something is lost for good: then the attempt has ended and its end says so.</summary>
    UndoIncomplete,
}

/// <summary>How a process's work on an attempt ended, and why.</summary>
/// <param name="Kind">How.</param>
/// <param name="Error">Why; null when it did not fail.</param>
public sealed record RunEnd(RunEndKind Kind, HostupException? Error = null);
