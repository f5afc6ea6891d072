using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Cli;

/// <summary>What the program ends with; docs/cli.md lists them.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Refused = 3;
    public const int Cancelled = 4;
    public const int TryLater = 75;

    public static int Of(HostupErrorCode code) => code == HostupErrors.Cancelled || code == HostupErrors.Superseded ? Cancelled : code.Kind switch
    {
        HostupErrorKind.Usage => Usage,
        HostupErrorKind.Refused => Refused,
        HostupErrorKind.Transient => TryLater,
        _ => Failed,
    };

    /// <summary>Of a terminal state of an attempt.</summary>
    public static int Of(string state) => state switch
    {
        AttemptStates.Committed => Done,
        AttemptStates.Refused => Refused,
        AttemptStates.Cancelled or AttemptStates.Superseded => Cancelled,
        _ => Failed,
    };
}
