using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;

namespace Hostup.Cli.Releases;

/// <summary>What a release manifest says that is read from the image itself.</summary>
internal sealed record ImageFacts
{
    public required Digest TreeDigest { get; init; }
    public required RootFileSystem Root { get; init; }
    public IReadOnlyList<BootFile> BootFiles { get; init => field = value ?? []; } = [];

    /// <summary>VERSION of /etc/os-release; null: it has none.</summary>
    public string? OsReleaseVersion { get; init; }

    /// <summary>Reads facts that were written down before.</summary>
    /// <exception cref="HostupException"><c>bad-value</c> when the file is not such a list.</exception>
    public static async Task<ImageFacts> ReadFileAsync(string file, CancellationToken ct)
    {
        try
        {
            return JsonSerializer.Deserialize(await File.ReadAllBytesAsync(file, ct), ImageFactsJson.Default.ImageFacts) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new HostupException(HostupErrors.BadValue, $"cannot read image facts {file}", e.Message, "give treeDigest, root and bootFiles as in docs/release-manifest.md", e);
        }
    }

    /// <summary>Reads them from the layers of an image.</summary>
    /// <exception cref="HostupException"><c>bad-image</c> when the image cannot be read.</exception>
    public static Task<ImageFacts> ReadImageAsync(LayoutImage image, CancellationToken ct) =>
        throw new HostupException(HostupErrors.BadImage, $"cannot read the root tree of {image.Manifest}", "this program has no reader of layers", "give what the image holds with --facts FILE");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(DigestJsonConverter)])]
[JsonSerializable(typeof(ImageFacts))]
internal sealed partial class ImageFactsJson : JsonSerializerContext;
