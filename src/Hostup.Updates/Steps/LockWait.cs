using Hostup.Core.Wire;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>Takes the update locks of the applications, however long one of them is held. The supervisor runs meanwhile: only the reboot waits.</summary>
/// <param name="update">The attempt.</param>
internal sealed class LockWait(StepContext update)
{
    // upstream's safe_reboot looks every 5 s
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    // The server hears that the attempt lives, at the price of few bytes.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMinutes(1);
    // Whoever waits for days tells no new thing each minute; the unit ends a process that says nothing for 40.
    private static readonly TimeSpan SlowHeartbeat = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);
    // The journal is small.
    private const int MostNamed = 5;

    private TimeSpan? _first;
    private TimeSpan? _told;

    /// <summary>
    /// Returns when all locks are taken, or those that are free when the others are to be passed over. After the switch nothing is waited for: a trial that is armed begins
    /// with the next reboot, whoever asks for it.
    /// </summary>
    /// <returns>Those that were passed over, with who holds them.</returns>
    /// <exception cref="Core.Errors.HostupException"><c>cancelled</c> or <c>superseded</c>.</exception>
    public async ValueTask<IReadOnlyList<string>> TakeAsync(CancellationToken ct)
    {
        bool switched = update.IsSwitched;
        while (true)
        {
            bool passOver = switched || PassesOver;
            var held = update.Device.Locks.Take(passOver);
            if (held is [])
                return [];
            if (passOver)
                return PassedOver(held);
            update.HonourCancel();
            new ResumeCount(update.Device.Files, update.Plan.AttemptId).Forgive();
            Tell(held);
            var supervisor = update.Device.Supervisor;
            if (supervisor.IsInstalled && !await supervisor.IsRunningAsync(ct).ConfigureAwait(false))
                await supervisor.StartAsync(ct).ConfigureAwait(false);
            await update.Device.Clock.DelayAsync(Pause, ct).ConfigureAwait(false);
        }
    }

    private bool PassesOver => update.Plan.OverrideLocks || update.Progress.Wishes.HasFlag(AttemptWishes.OverrideLocks) || update.Device.Locks.AreOverridden;

    private string[] PassedOver(IReadOnlyList<HeldLock> held)
    {
        string[] named = [.. held.Take(MostNamed).Select(h => h.ToString())];
        update.Progress.Report(AttemptStates.Ready, 0, 0, $"passes over the update lock of {string.Join(", ", named)}");
        return named;
    }

    private void Tell(IReadOnlyList<HeldLock> held)
    {
        var now = update.Device.Clock.Elapsed;
        // Also when another one holds it: a lock may change hands at each look.
        if (_told is { } told && now - told < (now - _first < Patience ? Heartbeat : SlowHeartbeat))
            return;
        (_first, _told) = (_first ?? now, now);
        var longest = held.MaxBy(h => h.Age)!;
        string more = held.Count > 1 ? $", and {held.Count - 1} more" : "";
        string holder = longest.Holder.Length > 0 ? $" ({longest.Holder})" : "";
        update.Progress.Report(
            AttemptStates.WaitingForLock, 0, 0, $"held by lock `{longest.Name}`{holder} since {Age.Text(longest.Age)}{more}",
            new LockReport(longest.Name, longest.Path, longest.Holder, update.Device.Clock.Now - longest.Age));
    }
}
