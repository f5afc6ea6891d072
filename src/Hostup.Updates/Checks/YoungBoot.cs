using Hostup.Core.Wire;
using Hostup.Updates.Run;

namespace Hostup.Updates.Checks;

/// <summary>
/// After a power cut an attempt goes on before the container engine is up and the clock is set. What a boot still brings is waited for; only then
/// do the checks judge it, so that a cut does not end an attempt.
/// </summary>
internal static class YoungBoot
{
    /// <summary>Time since the boot for which an attempt waits that was opened in an earlier one: a time server may be far away, and somebody has put work into it.</summary>
    public static readonly TimeSpan PatienceOfResumed = TimeSpan.FromMinutes(10);

    /// <summary>The same for an attempt that begins: a slow board starts its engine in two minutes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(5);

    /// <summary>Waits. What is still missing afterwards is the checks' matter.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>cancelled</c> or <c>superseded</c> meanwhile.</exception>
    public static async ValueTask WaitAsync(StepContext update, CancellationToken ct)
    {
        var device = update.Device;
        bool resumed = new AttemptLog(device).Records is [{ BootId: var opened }, ..] && opened != device.Power.BootId;
        while (device.Clock.SinceBoot < (resumed ? PatienceOfResumed : Patience) && await MissingAsync(update, ct).ConfigureAwait(false) is { } missing)
        {
            update.HonourCancel();
            update.Progress.Report(AttemptStates.Checking, 0, 0, $"waits after the reboot until {missing}");
            await device.Clock.DelayAsync(BetweenLooks, ct).ConfigureAwait(false);
        }
    }

    private static async ValueTask<string?> MissingAsync(StepContext update, CancellationToken ct) =>
        !await update.Device.Engine.AnswersAsync(ct).ConfigureAwait(false) ? "the container engine answers"
        : !ClockReading.Read(update.Device).With(update.Release.SignedAt).IsPlausible ? "the clock is set"
        : null;
}
