using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>Brings the release's boot loader onto the raw areas that it names; most releases name none. The old OS starts with the new loader too.</summary>
public sealed class WriteBootAreas : IStep
{
    /// <inheritdoc/>
    public string Name => "write-boot-areas";

    /// <inheritdoc/>
    public string State => AttemptStates.BootFiles;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.BootFiles;

    /// <summary>After a reboot the old OS has restored its own.</summary>
    public bool OutlivesReboot => false;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        update.HonourCancel();
        var slot = await update.Device.Slots.OpenSpareForReadingAsync(ct).ConfigureAwait(false);
        await using var _ = slot.ConfigureAwait(false);
        var written = new BootAreas(update.Device.Files, update.Device.Media).Install(slot.Path, update.Release.BootAreas, update.Plan.FromPartition);
        if (written is not [])
            update.Progress.Report(State, 0, 0, $"wrote the boot loader: {string.Join(", ", written)}");
        update.HonourCancel();
        return StepResult.Done;
    }

    /// <inheritdoc/>
    public ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct)
    {
        var areas = new BootAreas(update.Device.Files, update.Device.Media).Restore(update.Plan.FromPartition);
        return ValueTask.FromResult<IOException?>(areas.Lost is { } lost ? new LostForGoodException(lost) : null);
    }
}
