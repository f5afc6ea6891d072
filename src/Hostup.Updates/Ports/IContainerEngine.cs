using Hostup.Core.Errors;
using Hostup.Core.Releases;

namespace Hostup.Updates.Ports;

/// <summary>The container engine of the device.</summary>
public interface IContainerEngine
{
    /// <summary>Whether it answers.</summary>
    ValueTask<bool> AnswersAsync(CancellationToken ct);

    /// <summary>Driver of its store on the data partition, for example <c>overlay2</c>; null when it does not answer or does not say.</summary>
    ValueTask<string?> StorageDriverAsync(CancellationToken ct);

    /// <summary>Whether it holds an image under its local name.</summary>
    ValueTask<bool> HasAsync(EngineImageName image, CancellationToken ct);

    /// <summary>Pulls an image by digest and gives it its local name; costs nothing when the engine holds it. Durable when it returns.</summary>
    /// <returns>Bytes of the layers that the engine received.</returns>
    /// <exception cref="HostupException"><c>supervisor</c>.</exception>
    ValueTask<long> PullAsync(EngineImageName image, CancellationToken ct);

    /// <summary>Makes a container of an image that is never started, so that nobody prunes the image; one of that name goes first.</summary>
    /// <param name="container">Name of the container.</param>
    /// <param name="image">Local name of the image; nothing happens when the engine does not hold it.</param>
    /// <param name="ct">Ends it.</param>
    ValueTask KeepAsync(string container, string image, CancellationToken ct);
}
