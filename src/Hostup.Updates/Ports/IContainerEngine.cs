using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Ports;

/// <summary>The container engine of the device.</summary>
public interface IContainerEngine
{
    /// <summary>Whether it answers.</summary>
    ValueTask<bool> AnswersAsync(CancellationToken ct);

    /// <summary>Driver of its store on the data partition, for example <c>overlay2</c>; null when it does not answer or does not say.</summary>
    ValueTask<string?> StorageDriverAsync(CancellationToken ct);

    /// <summary>Whether it holds an image, this very one by its digest, under its local name.</summary>
    ValueTask<bool> HasAsync(EngineImageName image, CancellationToken ct);

    /// <summary>Lets the engine pull an image by digest from what the feed passes on, gives it its names and keeps it; costs nothing when the engine holds it. Durable when it returns.</summary>
    /// <param name="pull">What is pulled and how the engine is to hold it.</param>
    /// <param name="feed">All that the engine gets: it is told no address and no key of a registry.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException"><c>supervisor</c>, or why the feed could not go on.</exception>
    ValueTask PullAsync(EnginePull pull, ImageFeed feed, CancellationToken ct);

    /// <summary>Makes a container of an image that is never started, so that nobody prunes the image; one of that name goes first.</summary>
    /// <param name="container">Name of the container.</param>
    /// <param name="image">Local name of the image; nothing happens when the engine does not hold it.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>Whether the image is there and kept now.</returns>
    ValueTask<bool> KeepAsync(string container, string image, CancellationToken ct);
}

/// <summary>An image that the engine is to pull.</summary>
/// <param name="Image">The image; its local name is the first that the engine gives it, <c>latest</c> where it has no tag.</param>
/// <param name="Keeper">Container of it that is never started, see <see cref="IContainerEngine.KeepAsync"/>.</param>
public sealed record EnginePull(EngineImageName Image, string Keeper)
{
    /// <summary>Another name for it, <c>NAME:TAG</c>; null: none. An engine that does not take it has the image all the same.</summary>
    public string? AlsoKnownAs { get; init; }
}
