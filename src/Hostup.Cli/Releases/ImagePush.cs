using System.Net.Http.Headers;
using Hostup.Cli.Api;
using Hostup.Core;

namespace Hostup.Cli.Releases;

/// <summary>Pushes an image of an OCI layout to the server: what it lacks, blob by blob, the manifest last.</summary>
internal sealed class ImagePush(ApiClient api, TextWriter progress)
{
    public async Task PushAsync(LayoutImage image, string repository, CancellationToken ct)
    {
        foreach (var blob in image.Contents)
        {
            long size = new FileInfo(image.PathOf(blob)).Length;
            if (await api.HasAsync($"v2/{repository}/blobs/{blob}", ct))
                continue;
            await progress.WriteLineAsync($"push {blob.Hex[..12]}  {new ByteCount(size)}");
            await SendAsync(HttpMethod.Post, $"v2/{repository}/blobs/uploads/?digest={blob}", image.PathOf(blob), "application/octet-stream", ct);
        }
        await SendAsync(HttpMethod.Put, $"v2/{repository}/manifests/{image.Manifest}", image.PathOf(image.Manifest), image.MediaType, ct);
    }

    private async Task SendAsync(HttpMethod method, string path, string file, string mediaType, CancellationToken ct)
    {
        using var content = new StreamContent(File.OpenRead(file));
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var answer = await api.SendAsync(request, ct);
    }
}
