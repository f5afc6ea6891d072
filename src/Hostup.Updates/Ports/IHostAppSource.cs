using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;

namespace Hostup.Updates.Ports;

/// <summary>One way to get the contents of a release's image: delta, registry or fallback.</summary>
public interface IHostAppSource
{
    /// <summary>Name in reports: delta, registry or fallback.</summary>
    string Name { get; }

    /// <summary>Asks, for a few kilobytes, whether the image is there.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>not-found</c> and the other codes of the source: it is not, or cannot be reached.</exception>
    ValueTask ProbeAsync(ReleaseManifest release, CancellationToken ct);

    /// <summary>Opens the stream of tree entries. Returns when the first part has arrived whole, so that a source that has nothing costs no format of the spare.</summary>
    /// <exception cref="Core.Errors.HostupException">The codes of the source; the next source is tried.</exception>
    ValueTask<ITreeReader> OpenAsync(ReleaseManifest release, CancellationToken ct);

    /// <summary>Bytes received and sent so far.</summary>
    CauseBytes Bytes { get; }
}
