using Hostup.Updates.Files;

namespace Hostup.Updates.Journal;

/// <summary>One small record before the journal's own, overwritten often and in place: bytes 1024 to 3071 of the journal's file; docs/update-run.md.</summary>
public sealed class ProgressSlots(IFiles files)
{
    private readonly TwoSlots _slots = new(files, Places.Journal, AttemptJournal.FileBytes, offset: 1024, slotBytes: 1024);

    /// <summary>The newest record; null when there is none.</summary>
    public byte[]? Read() => _slots.Read();

    /// <summary>Replaces the record. Durable when it returns; a cut leaves the old or the new one.</summary>
    public void Write(ReadOnlySpan<byte> payload) => _slots.Write(payload);
}
