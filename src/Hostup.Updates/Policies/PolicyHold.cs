using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Policies;

/// <summary>What the policy holds back now, and why. The policy is asked for anew each time: an operator may change it meanwhile.</summary>
/// <param name="device">The device.</param>
/// <param name="policy">The policy as it is now.</param>
public sealed class PolicyHold(DevicePorts device, Func<UpdatePolicy> policy)
{
    /// <summary>Asking starts a program on a device.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(1);

    private (TimeSpan At, bool Metered)? _asked;

    /// <summary>Why nothing may be fetched now; null: it may.</summary>
    public async ValueTask<string?> FetchAsync(CancellationToken ct)
    {
        var now = policy();
        if (Closed(now.DownloadWindow) is { } why)
            return why;
        return now.WaitsWhileMetered && await IsMeteredAsync(ct).ConfigureAwait(false) ? PolicyWaits.Metered : null;
    }

    /// <summary>How long until the download window is open; null: there is none, or the clock is not set.</summary>
    public TimeSpan? FetchOpens()
    {
        string window = policy().DownloadWindow;
        try
        {
            return window.Length == 0 || !device.Clock.IsSynchronised ? null : TimeWindow.Parse(window).UntilOpen(device.Clock.Now);
        }
        catch (HostupException)
        {
            return null;
        }
    }

    /// <summary>Why the device may not go on to the reboot now; null: it may.</summary>
    public string? Reboot() => policy() is var now && now.DownloadOnly
        ? PolicyWaits.Apply
        : Closed(now.RebootWindow);

    private string? Closed(string window)
    {
        if (window.Length == 0)
            return null;
        try
        {
            var parsed = TimeWindow.Parse(window);
            return !device.Clock.IsSynchronised ? PolicyWaits.ForClock(parsed)
                : parsed.Contains(device.Clock.Now) ? null : PolicyWaits.ForWindow(parsed);
        }
        catch (HostupException e)
        {
            // Said while the update runs; before it begins the check `policy` refuses it.
            return PolicyWaits.ForAnotherWindow(e.Message);
        }
    }

    private async ValueTask<bool> IsMeteredAsync(CancellationToken ct)
    {
        if (_asked is { } last && device.Clock.Elapsed - last.At < AskAgain)
            return last.Metered;
        bool metered = await device.Network.IsMeteredAsync(ct).ConfigureAwait(false) == true;
        _asked = (device.Clock.Elapsed, metered);
        return metered;
    }
}
