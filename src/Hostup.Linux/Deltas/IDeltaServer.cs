using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;

namespace Hostup.Linux.Deltas;

/// <summary>Who has deltas. Two real ones: the server of config.json, and one in memory for simulated devices.</summary>
public interface IDeltaServer
{
    /// <summary>Its address, as <c>host[:port]</c>.</summary>
    string Host { get; }

    /// <summary>Bytes on the wire so far.</summary>
    (long Received, long Sent) Carried { get; }

    /// <summary>Those of them that brought nothing.</summary>
    (long Received, long Sent) InVain { get; }

    /// <summary>Asks for the delta between two trees.</summary>
    /// <param name="image">Digest of the image of the new tree.</param>
    /// <param name="from">Tree digest of the old one.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="Core.Errors.HostupException"><c>server-busy</c>: it is being made, or cannot be asked now; <c>not-found</c>: there is none, and why; <c>link</c>, <c>unauthorized</c>, <c>registry-answer</c>.</exception>
    ValueTask<DeltaOffer> AskAsync(Digest image, Digest from, CancellationToken ct);

    /// <summary>Opens a part of a delta.</summary>
    /// <param name="offer">The delta, as it was offered.</param>
    /// <param name="offset">First byte wanted.</param>
    /// <param name="bytes">How many are wanted; the stream may give more.</param>
    /// <param name="ct">Cancels the opening; reads have their own.</param>
    /// <exception cref="Core.Errors.HostupException">The codes of a registry; reads throw <c>link</c>.</exception>
    ValueTask<Stream> OpenPartAsync(DeltaOffer offer, long offset, long bytes, CancellationToken ct);

    /// <summary>Fetches the repair list of a delta (docs/delta-format.md).</summary>
    /// <param name="offer">The delta, as it was offered.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when it has none.</returns>
    /// <exception cref="Core.Errors.HostupException">The codes of a registry.</exception>
    ValueTask<ReadOnlyMemory<byte>?> RepairListAsync(DeltaOffer offer, CancellationToken ct);

    /// <summary>Opens the image of a release so that the entry at a place comes next. What is read was compared with signed digests.</summary>
    /// <param name="release">The release; its layers are framed.</param>
    /// <param name="place">The place.</param>
    /// <exception cref="Core.Errors.HostupException"><c>bad-delta</c>: there is no such place; reads throw the codes of a registry.</exception>
    IPlacedTreeReader OpenImage(ReleaseManifest release, TreePlace place);
}
