using Hostup.Core.Releases;
using Hostup.Core.RootTrees;

namespace Hostup.Updates.Ports;

/// <summary>One way to get the contents of a release's image: delta, registry or fallback.</summary>
public interface IHostAppSource : IRemoteSource
{
    /// <summary>Asks, for a few kilobytes, whether the image is there.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>not-found</c> and the other codes of the source: it is not, or cannot be reached.</exception>
    ValueTask ProbeAsync(ReleaseManifest release, CancellationToken ct);

    /// <summary>Bytes that the whole image costs from here: as the source said when it was asked, else as the release says.</summary>
    long BytesOf(ReleaseManifest release) => release.Image.DownloadBytes;

    /// <summary>Whether it brings in another way what its last reader failed at: what is on the spare stays, and a new reader goes on there. False after as many failures as there are ways.</summary>
    bool HasAnotherWay => false;

    /// <summary>What it brought of the image so far is thrown away: from now on that is <see cref="IRemoteSource.Retried"/>.</summary>
    void Discard();

    /// <summary>Opens the stream of tree entries. Returns when the first part has arrived whole, so that a source that has nothing costs no format of the spare.</summary>
    /// <param name="release">The release.</param>
    /// <param name="from">Where to begin: a place that a reader for the same image passed; null: at the first entry. A source whose stream does not have it begins at the first entry, and its reader says so.</param>
    /// <param name="ct">Stops it.</param>
    /// <exception cref="Core.Errors.HostupException">The codes of the source; the next source is tried.</exception>
    ValueTask<IPlacedTreeReader> OpenAsync(ReleaseManifest release, TreePlace? from, CancellationToken ct);
}
