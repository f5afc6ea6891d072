using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta.Applying;
using Hostup.Delta.Building;
using Hostup.Delta.Format;

namespace Hostup.Delta.Programs;

/// <summary>
/// The delta between two programs: of trees that hold nothing but a program each. Without an old one it is the program packed. docs/delta-format.md, "Programs".
/// </summary>
/// <remarks>Its frames are small, so that a reader needs some 15 MiB beside the runtime. Who signed the program decides whether it is right.</remarks>
public static class ProgramDelta
{
    /// <summary>Largest frame that a reader takes into memory.</summary>
    public const int MaxFrameBytes = 5 << 20;

    private static readonly DeltaOptions SmallFrames = new() { Threads = 1, FrameBytes = 8 << 20, FrameCostBytes = 3 << 20 };

    /// <summary>Builds one.</summary>
    /// <param name="old">File of the program that devices have; null: none.</param>
    /// <param name="target">File of the program that they are to get.</param>
    /// <param name="output">Receives the delta; not disposed.</param>
    /// <param name="folder">For temporary files.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<DeltaHeader> BuildAsync(string? old, string target, Stream output, string folder, CancellationToken ct)
    {
        var before = new ProgramTree(old);
        await using var _ = before.ConfigureAwait(false);
        var after = new ProgramTree(target);
        await using var __ = after.ConfigureAwait(false);
        using var from = await SpooledTree.ReadAsync(before, folder, ct).ConfigureAwait(false);
        using var to = await SpooledTree.ReadAsync(after, folder, ct).ConfigureAwait(false);
        return await DeltaBuilder.BuildAsync(from, to, output, SmallFrames, ct).ConfigureAwait(false);
    }

    /// <summary>Writes the program that a delta gives.</summary>
    /// <param name="delta">The delta, from where it stands; it must be able to seek. Not disposed.</param>
    /// <param name="old">File of the program that it is applied to; null: none.</param>
    /// <param name="output">Receives the program; not disposed.</param>
    /// <param name="scratch">Folder for temporary files.</param>
    /// <param name="mostBytes">What the program may have: a delta says how long it is, and nobody signed that.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException"><c>bad-delta</c>, <c>delta-old</c>; what was written then is no program.</exception>
    public static async Task ApplyAsync(Stream delta, string? old, Stream output, string scratch, long mostBytes, CancellationToken ct)
    {
        long start = delta.Position;
        var header = await DeltaHeader.ReadAsync(delta, ct).ConfigureAwait(false);
        if (header.Entries > 2 || header.Frames.Any(f => f.StoredBytes > MaxFrameBytes))
            throw DeltaErrors.Bad($"it has {header.Entries} entries and frames of up to {header.Frames.Max(f => f.StoredBytes)} bytes, which is more than a program's");
        delta.Position = start;
        var tree = new ProgramTree(old);
        await using var _ = tree.ConfigureAwait(false);
        var reader = await DeltaTreeReader.OpenAsync(delta, tree, new DeltaPlace(scratch, null), 0, ct).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        byte[] block = new byte[64 << 10];
        bool found = false;
        while (await reader.NextAsync(ct).ConfigureAwait(false) is { } entry)
        {
            if (entry.Size > mostBytes)
                throw DeltaErrors.Bad($"it gives {entry.Size} bytes, the program has {mostBytes}");
            found |= entry.Kind == TreeEntryKind.File;
            while (entry.Kind == TreeEntryKind.File && await reader.ReadAsync(block, ct).ConfigureAwait(false) is > 0 and var read)
                await output.WriteAsync(block.AsMemory(0, read), ct).ConfigureAwait(false);
        }
        if (!found)
            throw DeltaErrors.Bad("it gives no program");
    }
}
