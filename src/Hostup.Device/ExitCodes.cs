using Hostup.Core.Errors;
using Hostup.Updates.Checks;
using Hostup.Updates.Run;

namespace Hostup.Device;

/// <summary>Exit codes of the device program; docs/cli.md.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Refused = 3;
    public const int Cancelled = 4;
    public const int UndoIncomplete = 5;
    public const int UpdateRunning = 9;
    public const int TryLater = 75;

    public static int Of(HostupException error) => error.Code == HostupErrors.UpdateRunning ? UpdateRunning : error.Code.Kind switch
    {
        HostupErrorKind.Usage => Usage,
        HostupErrorKind.Refused => Refused,
        HostupErrorKind.Transient => TryLater,
        _ => Failed,
    };

    /// <summary>Of checks that were only printed.</summary>
    public static int Of(IReadOnlyList<CheckResult> checks) => DeviceChecks.Worst(checks) switch
    {
        null => Done,
        { Code: var code } when code == HostupErrors.UpdateRunning => UpdateRunning,
        { Code.Kind: HostupErrorKind.Transient } => TryLater,
        _ => Refused,
    };

    public static int Of(RunEnd end) => end.Kind switch
    {
        RunEndKind.Failed when end.Error?.Code.Kind == HostupErrorKind.Transient => TryLater,
        RunEndKind.Refused when end.Error?.Code == HostupErrors.UpdateRunning => UpdateRunning,
        RunEndKind.NothingToDo or RunEndKind.Rebooting => Done,
        RunEndKind.TrialPending => TryLater,
        RunEndKind.Refused => Refused,
        RunEndKind.Cancelled or RunEndKind.Superseded => Cancelled,
        RunEndKind.UndoIncomplete => UndoIncomplete,
        _ => Failed,
    };
}
