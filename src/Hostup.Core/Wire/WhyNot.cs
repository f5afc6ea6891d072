namespace Hostup.Core.Wire;

/// <summary>Why a device does not run its target.</summary>
/// <param name="Kind">One of waits, runs, away and ended.</param>
/// <param name="Code">A code of docs/errors.md where an error is the reason, else one that docs/api.md lists.</param>
/// <param name="Sentence">In words, for people.</param>
public sealed record WhyNot(string Kind, string Code, string Sentence);

/// <summary>What kind of reason it is: what the operator may expect.</summary>
public static class WhyNotKinds
{
    /// <summary>The device waits for something, and goes on by itself when it is there.</summary>
    public const string Waits = "waits";

    /// <summary>The device is at it.</summary>
    public const string Runs = "runs";

    /// <summary>Nothing is heard of the device or the attempt, or the device gets no target.</summary>
    public const string Away = "away";

    /// <summary>The attempt is over, and the device will not run the target by itself.</summary>
    public const string Ended = "ended";
}

/// <summary>
/// Codes of reasons that are no errors. The states checking, downloading, verifying, supervisor, ready, boot-files, rebooting, trial, cancelled, superseded, failed, refused and
/// rolled-back are their own code where nothing more is known.
/// </summary>
public static class WhyNotCodes
{
    /// <summary>The device was retired.</summary>
    public const string Retired = "retired";

    /// <summary>Two machines use its key.</summary>
    public const string Cloned = "cloned";

    /// <summary>It registered and was never heard of since.</summary>
    public const string NeverSeen = "never-seen";

    /// <summary>Nothing is heard of the device.</summary>
    public const string Offline = "offline";

    /// <summary>The device polls and says nothing of the attempt.</summary>
    public const string Stuck = "stuck";

    /// <summary>The operator wants the attempt to end, and the device has not said yet that it did.</summary>
    public const string CancelAsked = "cancel-asked";

    /// <summary>No poll has named the attempt yet.</summary>
    public const string Queued = "queued";

    /// <summary>The try before said nothing of the release; no poll names this one before its time.</summary>
    public const string Later = "later";

    /// <summary>The device knows of the attempt and has not begun it.</summary>
    public const string Sent = "sent";

    /// <summary>The window of the policy is closed.</summary>
    public const string Window = "window";

    /// <summary>The clock of the device is not set, so no window is open.</summary>
    public const string ClockForWindow = "clock-for-window";

    /// <summary>The device does not understand the window of the policy.</summary>
    public const string AnotherWindow = "another-window";

    /// <summary>The network is metered.</summary>
    public const string Metered = "metered";

    /// <summary>Everything is fetched; the operator is to apply it.</summary>
    public const string Apply = "apply";

    /// <summary>An application holds an update lock.</summary>
    public const string Lock = "lock";

    /// <summary>The device waits for something else, which the sentence names.</summary>
    public const string Waiting = "waiting";

    /// <summary>The device ran its target, and runs something else now.</summary>
    public const string Left = "left";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Retired, Cloned, NeverSeen, Offline, Stuck, CancelAsked, Queued, Later, Sent, Window, ClockForWindow, AnotherWindow, Metered, Apply, Lock, Waiting, Left];
}
