using Hostup.Core.Releases;
using Hostup.Core.Wire;

namespace Hostup.Updates.Ports;

/// <summary>Where this device gets container images for its engine.</summary>
public interface IImageSources
{
    /// <summary>Opens what an image can come from, in order; who opens disposes. Nothing is sent yet.</summary>
    /// <param name="image">The image; one that names its registry comes from there only.</param>
    /// <param name="policy">How it may be fetched, as it is at the moment.</param>
    /// <param name="fallbackRegistries">Registries tried after the server's own.</param>
    /// <param name="bytesLeft">Bytes that may still be received; null: as many as are wanted.</param>
    IReadOnlyList<IImageSource> Open(EngineImageName image, Func<UpdatePolicy> policy, IReadOnlyList<string> fallbackRegistries, Func<long>? bytesLeft);
}
