using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>Brings the release's boot files onto the boot partition; kept-back files stay. The old root boots with the new files too.</summary>
public sealed class WriteBootFiles : IStep
{
    /// <inheritdoc/>
    public string Name => "write-boot-files";

    /// <inheritdoc/>
    public string State => AttemptStates.BootFiles;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.BootFiles;

    /// <summary>After a reboot the old OS has restored its own files.</summary>
    public bool OutlivesReboot => false;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        update.HonourCancel();
        var slot = await update.Device.Slots.OpenSpareForReadingAsync(ct).ConfigureAwait(false);
        await using var _ = slot.ConfigureAwait(false);
        var boot = new BootPartition(update.Device.Files, update.Device.Power.BootId);
        var keptBack = KeptBack.Of(update.Release, update.Device.Boot);
        // What an interrupted installation left is no ground to build on, and the repair at power-on may have failed. One after the other: the way back of the files ends that of the areas.
        if (new BootAreas(update.Device.Files, update.Device.Media).Restore(update.Plan.FromPartition).Lost is { } lost)
            update.Progress.Report(State, 0, 0, $"warning: {lost}");
        boot.Restore(update.Plan.FromPartition, keptBack);
        var leftovers = BootLeftovers.Names(update.Device.Files);
        var changed = boot.Install(slot.Path + Places.OwnBootFiles, keptBack, update.Plan.FromPartition, update.Plan.ToPartition);
        if (leftovers.Except(BootLeftovers.Names(update.Device.Files)).ToList() is { Count: > 0 } gone)
            update.Progress.Report(State, 0, 0, $"removed what a repair left on the boot partition, for the room: {string.Join(", ", gone)}");
        if (changed is not [])
            update.Progress.Report(State, 0, 0, $"replaced boot files that were changed on this device: {string.Join(", ", changed)}");
        // What is half done is not left half done; the switch that follows cannot be called back.
        update.HonourCancel();
        return StepResult.Done;
    }

    /// <inheritdoc/>
    public ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct)
    {
        new BootPartition(update.Device.Files, update.Device.Power.BootId).Restore(update.Plan.FromPartition, KeptBack.Of(update.Release, update.Device.Boot));
        return default;
    }
}
