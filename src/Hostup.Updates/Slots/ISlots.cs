using Hostup.Core.Releases;
using Hostup.Core.RootTrees;

namespace Hostup.Updates.Slots;

/// <summary>One of the two root partitions.</summary>
/// <param name="Label">Name for people and reports: <c>resin-rootA</c> or <c>resin-rootB</c>.</param>
/// <param name="PartitionNumber">Number in the partition table, as the boot environment names it.</param>
/// <param name="Device">Canonical device, for example <c>/dev/vda3</c>.</param>
/// <param name="SizeBytes">Size of the partition.</param>
public sealed record Slot(string Label, int PartitionNumber, string Device, long SizeBytes);

/// <summary>The root partitions.</summary>
public interface ISlots
{
    /// <summary>The slot that runs.</summary>
    Slot Running { get; }

    /// <summary>The other one. Never the device that runs, whatever labels say.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>slot-layout</c> or <c>same-slot</c>.</exception>
    Slot Spare { get; }

    /// <summary>UUID of the file system on the spare; null when it has none that can be read.</summary>
    Guid? SpareFileSystem();

    /// <summary>UUID of the file system on the slot that runs; null when it has none that can be read.</summary>
    Guid? RunningFileSystem();

    /// <summary>Reads the slot that runs and computes its tree digest: some seconds to minutes.</summary>
    /// <param name="progress">Told bytes read so far.</param>
    /// <param name="ct">Honoured between files.</param>
    /// <exception cref="Core.Errors.HostupException"><c>slot-mismatch</c> when something cannot be read.</exception>
    ValueTask<Digest> ReadRunningTreeAsync(Action<long> progress, CancellationToken ct);

    /// <summary>Mounts the slot that runs once more, read-only, seen by this process only: its own files, not those that are mounted over them.</summary>
    ValueTask<IMountedSlot> OpenRunningForReadingAsync(CancellationToken ct);

    /// <summary>Why no file system with these features can be made here; null: it can. Nothing is written to find out.</summary>
    ValueTask<string?> FormatFaultAsync(RootFileSystem format, CancellationToken ct);

    /// <summary>Makes a new file system on the spare. What was there is lost. Durable when it returns.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>mkfs</c> or <c>slot-write</c>.</exception>
    ValueTask FormatSpareAsync(RootFileSystem format, Guid uuid, CancellationToken ct);

    /// <summary>Mounts the spare for writing, seen by this process only.</summary>
    /// <param name="state">What <see cref="ISlotWriter.FlushAsync"/> gave for the content to go on after; null: it was just formatted.</param>
    /// <param name="ct">Stops before the mount.</param>
    /// <returns>The writer; null when the content is not what the state belongs to, and the spare must be formatted.</returns>
    ValueTask<ISlotWriter?> OpenSpareForWritingAsync(long? state, CancellationToken ct);

    /// <summary>Reads the spare from the medium, block buffers dropped first, and computes its tree digest.</summary>
    /// <param name="progress">Told bytes read so far.</param>
    /// <param name="ct">Honoured between files.</param>
    /// <returns>The tree digest; null when the spare has no file system that can be mounted.</returns>
    ValueTask<Digest?> ReadSpareTreeAsync(Action<long> progress, CancellationToken ct);

    /// <summary>Mounts the spare read-only, seen by this process only; the answer is the path.</summary>
    ValueTask<IMountedSlot> OpenSpareForReadingAsync(CancellationToken ct);
}

/// <summary>The spare slot while it is written.</summary>
public interface ISlotWriter : IAsyncDisposable
{
    /// <summary>Applies the entry that the reader stands on, and its content. Not durable before <see cref="FlushAsync"/> or <see cref="FinishAsync"/>.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="content">Gives its content, from <paramref name="from"/> on.</param>
    /// <param name="from">Bytes of the file that are there already; zero: it is made anew.</param>
    /// <param name="written">Told between the blocks of a file how many of its bytes were written.</param>
    /// <param name="ct">Stops between blocks.</param>
    ValueTask WriteAsync(TreeEntry entry, ITreeReader content, long from, Func<long, ValueTask> written, CancellationToken ct);

    /// <summary>Everything that was written survives a power cut when it returns.</summary>
    /// <param name="whole">Nothing is written after it but the finish.</param>
    /// <param name="ct">Stops it; what was written stays.</param>
    /// <returns>A number with which another writer can go on.</returns>
    ValueTask<long> FlushAsync(bool whole, CancellationToken ct);

    /// <summary>Sets directory times, flushes and unmounts. Everything survives a power cut when it returns.</summary>
    ValueTask FinishAsync(CancellationToken ct);
}

/// <summary>A slot mounted read-only; disposing unmounts it.</summary>
public interface IMountedSlot : IAsyncDisposable
{
    /// <summary>Where it is mounted.</summary>
    string Path { get; }
}
