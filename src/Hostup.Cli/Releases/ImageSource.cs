using Hostup.Cli.Api;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;
using Hostup.Oci.Registries;

namespace Hostup.Cli.Releases;

/// <summary>An image that the OS builder has: in an OCI layout, in a docker archive, in a registry, or of a release on the server.</summary>
internal sealed class ImageSource : IDisposable
{
    private const string RegistryScheme = "docker://";
    private const string ReleaseScheme = "release:";
    private readonly string? _temporary;
    private readonly HttpClient? _http;

    private ImageSource(OciImage image, IBlobSource blobs, string? temporary = null, HttpClient? http = null)
    {
        Image = image;
        Blobs = blobs;
        _temporary = temporary;
        _http = http;
    }

    public OciImage Image { get; }

    public IBlobSource Blobs { get; }

    /// <summary>Opens an image by what its name looks like: a folder, a file, docker://HOST/REPOSITORY:TAG, or release:VERSION (or its id) of the server.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="platform">The machine, where the image has several variants; null: it has one.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException"><c>bad-image</c>, <c>not-found</c> and the codes of a registry.</exception>
    public static async Task<ImageSource> OpenAsync(string name, OciPlatform? platform, CancellationToken ct)
    {
        if (name.StartsWith(RegistryScheme, StringComparison.Ordinal))
            return await OpenRegistryAsync(name[RegistryScheme.Length..], platform, ct);
        if (name.StartsWith(ReleaseScheme, StringComparison.Ordinal))
            return await OpenReleaseAsync(name[ReleaseScheme.Length..], platform, ct);
        if (!File.Exists(name))
        {
            var layout = OciLayout.Open(name);
            return new ImageSource(await layout.LoadAsync(null, platform, ct), layout);
        }
        return await OpenArchiveAsync(name, ct);
    }

    public void Dispose()
    {
        _http?.Dispose();
        if (_temporary is not null)
            Directory.Delete(_temporary, recursive: true);
    }

    private static async Task<ImageSource> OpenArchiveAsync(string file, CancellationToken ct)
    {
        string folder = Directory.CreateTempSubdirectory("hostup-image-").FullName;
        bool opened = false;
        try
        {
            var layout = OciLayout.Create(folder);
            await using var tar = File.OpenRead(file);
            var images = await DockerArchive.ImportAsync(tar, layout, ct);
            if (images is not [var image])
                throw new HostupException(HostupErrors.BadImage, $"cannot use docker archive {file}", $"it holds {images.Count} images, exactly one is used", "save one image only");
            opened = true;
            return new ImageSource(image, layout, folder);
        }
        finally
        {
            if (!opened)
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<ImageSource> OpenRegistryAsync(string name, OciPlatform? platform, CancellationToken ct)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        int at = name.IndexOf('@', StringComparison.Ordinal);
        int colon = at >= 0 ? at : name.LastIndexOf(':');
        if (slash <= 0 || colon <= slash)
            throw new HostupException(HostupErrors.BadValue, $"cannot read image name docker://{name}", "it is not HOST/REPOSITORY:TAG or HOST/REPOSITORY@DIGEST", "name host, repository and tag");
        string host = name[..slash];
        // engines take the loopback address without TLS too
        string scheme = host.StartsWith("127.0.0.1", StringComparison.Ordinal) || host.StartsWith("localhost", StringComparison.Ordinal) ? "http" : "https";
        var http = RegistryClient.NewHttp();
        var client = new RegistryClient(http, new RegistryLocation(new Uri($"{scheme}://{host}"), name[(slash + 1)..colon]), null, new TransferCounter());
        return new ImageSource(await client.LoadAsync(name[(colon + 1)..], platform, ct), client, http: http);
    }

    private static async Task<ImageSource> OpenReleaseAsync(string name, OciPlatform? platform, CancellationToken ct)
    {
        var credentials = Credentials.Load();
        using var api = new ApiClient(credentials);
        var release = await api.GetAsync($"api/v1/releases/{Uri.EscapeDataString(name)}", WireJson.Default.ReleaseView, ct);
        var http = RegistryClient.NewHttp();
        var client = new RegistryClient(http, new RegistryLocation(credentials.Server, release.Repository), new RegistryCredentials("operator", credentials.Key), new TransferCounter());
        return new ImageSource(await client.LoadAsync(release.Image.ToString(), platform, ct), client, http: http);
    }
}
