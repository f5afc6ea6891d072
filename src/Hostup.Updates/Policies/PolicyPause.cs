using Hostup.Updates.Journal;
using Hostup.Updates.Run;

namespace Hostup.Updates.Policies;

/// <summary>Waits while the policy holds something back. It may take days: the supervisor runs meanwhile.</summary>
internal static class PolicyPause
{
    /// <summary>How soon a cancelled attempt or a changed policy is noticed.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(5);

    /// <summary>Waits; the supervisor is started for the wait and stopped after it.</summary>
    /// <param name="update">The attempt.</param>
    /// <param name="state">State that an operator sees.</param>
    /// <param name="why">Why it waits now; null: it need not.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>Whether it had to wait.</returns>
    public static async ValueTask<bool> WhileAsync(StepContext update, string state, Func<CancellationToken, ValueTask<string?>> why, CancellationToken ct)
    {
        var supervisor = update.Device.Supervisor;
        bool waited = false;
        while (await why(ct).ConfigureAwait(false) is { } reason)
        {
            update.HonourCancel();
            update.Progress.Report(state, 0, 0, reason);
            if (!waited)
                new ResumeCount(update.Device.Files, update.Plan.AttemptId).Forgive();
            if (!waited && supervisor.IsInstalled)
                await supervisor.StartAsync(ct).ConfigureAwait(false);
            waited = true;
            await update.Device.Clock.DelayAsync(Slice, ct).ConfigureAwait(false);
        }
        if (waited && supervisor.IsInstalled)
            await supervisor.StopAsync(ct).ConfigureAwait(false);
        return waited;
    }
}
