namespace Hostup.Core.Wire;

/// <summary>An attempt as upstream's tools show one: a percentage and a text.</summary>
/// <param name="Percentage">25, 50, 95 or 100.</param>
/// <param name="Text">Upstream's words.</param>
/// <remarks>
/// Source: the texts that balenahup and safe_reboot send. Where upstream has no such state the nearest one that does not lead back is taken; its 90
/// (the supervisor's target is patched) has no counterpart.
/// </remarks>
public sealed record UpstreamProgress(int Percentage, string Text)
{
    private const string Running = "Running OS update", Failed = "OS update failed";

    /// <summary>What upstream shows for a state; null before the device has begun: upstream shows nothing then.</summary>
    public static UpstreamProgress? Of(string state) => state switch
    {
        AttemptStates.Checking => new(25, "Preparing OS update"),
        AttemptStates.Waiting or AttemptStates.PreparingDelta or AttemptStates.Downloading or AttemptStates.Verifying => new(50, Running),
        AttemptStates.Supervisor => new(95, "Running supervisor update"),
        AttemptStates.Ready => new(100, "Update successful pending reboot."),
        AttemptStates.WaitingForLock => new(100, "Reboot waiting on application lock"),
        AttemptStates.BootFiles or AttemptStates.Rebooting => new(100, "Reboot in progress"),
        AttemptStates.Trial => new(100, "Update successful, rebooting"),
        AttemptStates.Committed => new(100, "Update successful"),
        AttemptStates.Failed or AttemptStates.RolledBack or AttemptStates.Refused or AttemptStates.Cancelled or AttemptStates.Superseded => new(100, Failed),
        _ => null,
    };
}
