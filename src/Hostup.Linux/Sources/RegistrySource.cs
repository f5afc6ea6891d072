using System.Runtime.InteropServices;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Oci.Images;
using Hostup.Oci.Registries;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Sources;

/// <summary>The release's image, layer by layer, from an OCI registry.</summary>
public sealed class RegistrySource(string name, HttpClient http, Uri registry, RegistryCredentials? credentials) : IHostAppSource
{
    private readonly TransferCounter _counter = new();

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public CauseBytes Bytes => new(name, _counter.ReceivedBytes, _counter.SentBytes);

    /// <summary>Fetches the image's manifest: a few kilobytes.</summary>
    public async ValueTask ProbeAsync(ReleaseManifest release, CancellationToken ct) =>
        await Client(release).GetManifestAsync(release.Image.Digest.ToString(), ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<ITreeReader> OpenAsync(ReleaseManifest release, CancellationToken ct)
    {
        var client = Client(release);
        var image = await client.LoadAsync(release.Image.Digest.ToString(), ThisPlatform, ct).ConfigureAwait(false);
        var reader = image.OpenLayers(client, checkDiffIds: false); // the signed tree digest decides
        try
        {
            return new Begun(reader, await reader.NextAsync(ct).ConfigureAwait(false));
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private RegistryClient Client(ReleaseManifest release) => new(http, new RegistryLocation(registry, release.Image.Repository), credentials, _counter);

    private static OciPlatform ThisPlatform => new(RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.X86 => "386",
        var other => other.ToString().ToLowerInvariant(),
    }, "linux");

    // Its first entry has arrived: the source has something.
    private sealed class Begun(ITreeReader reader, TreeEntry? first) : ITreeReader
    {
        private bool _given;

        public ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            if (_given)
                return reader.NextAsync(ct);
            _given = true;
            return ValueTask.FromResult(first);
        }

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct) => reader.ReadAsync(buffer, ct);

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }
}
