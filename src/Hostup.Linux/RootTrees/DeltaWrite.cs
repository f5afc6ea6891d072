using Hostup.Core.Errors;
using Hostup.Delta;
using Hostup.Delta.Applying;

namespace Hostup.Linux.RootTrees;

/// <summary>How far the writing of a delta is durable.</summary>
/// <param name="FramesDone">What the next <see cref="DeltaTreeReader"/> begins with.</param>
/// <param name="WriterState">What the next <see cref="SlotTreeWriter"/> goes on with.</param>
public sealed record DeltaProgress(int FramesDone, long WriterState);

/// <summary>Writes the tree that a delta gives to a directory, frame by frame: after a cut at most one frame is made again.</summary>
public static class DeltaWrite
{
    /// <summary>Writes what is missing; everything is durable when it returns. The tree digest is still to be compared.</summary>
    /// <param name="delta">The delta; it must be able to seek.</param>
    /// <param name="old">The tree that it is applied to.</param>
    /// <param name="directory">An empty directory, or what an earlier call left in it.</param>
    /// <param name="from">How far that call had come; null: the directory is empty.</param>
    /// <param name="durable">Told after each frame.</param>
    /// <param name="ct">Cancels between blocks.</param>
    /// <exception cref="HostupException"><c>bad-delta</c>, <c>delta-old</c>, <c>slot-write</c>.</exception>
    public static async Task WriteAsync(Stream delta, IDeltaTree old, string directory, DeltaProgress? from, Action<DeltaProgress> durable, CancellationToken ct)
    {
        using var writer = new SlotTreeWriter(directory);
        bool goesOn = from is not null && writer.GoOn(from.WriterState);
        using var written = new DirectoryFiles(directory);
        string temporary = Path.Combine(directory, DeltaPlace.TemporaryName);
        var reader = await DeltaTreeReader.OpenAsync(delta, old, new DeltaPlace(directory, written.Open), goesOn ? from!.FramesDone : 0, ct).ConfigureAwait(false);
        await using var _ = reader.ConfigureAwait(false);
        int done = reader.FramesDone;
        while (await reader.NextAsync(ct).ConfigureAwait(false) is { } entry)
        {
            await writer.WriteAsync(entry, reader, reader.From, _ => Save(), ct).ConfigureAwait(false);
            await Save().ConfigureAwait(false);
        }
        File.Delete(temporary);
        await writer.FinishAsync(ct).ConfigureAwait(false);

        ValueTask Save()
        {
            if (reader.FramesDone == done)
                return default;
            done = reader.FramesDone;
            durable(new DeltaProgress(done, writer.Flush(whole: false, ct)));
            return default;
        }
    }
}
