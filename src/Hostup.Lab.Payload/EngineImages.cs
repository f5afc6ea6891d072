using System.Net.Sockets;
using System.Text.Json;

namespace Hostup.Lab.Payload;

/// <summary>Removes images that neither the application nor this supervisor needs, as the real supervisor does.</summary>
internal sealed class EngineImages : IDisposable
{
    private readonly HttpClient _http;
    private readonly InterferenceLog _log;

    public EngineImages(string socket, InterferenceLog log)
    {
        _log = log;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, ct) =>
            {
                var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await client.ConnectAsync(new UnixDomainSocketEndPoint(socket), ct);
                return new NetworkStream(client, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://engine/"), Timeout = TimeSpan.FromSeconds(30) };
    }

    public async Task PruneAsync(CancellationToken ct)
    {
        try
        {
            var used = await UsedAsync(ct);
            using var images = JsonDocument.Parse(await _http.GetByteArrayAsync(new Uri("images/json", UriKind.Relative), ct));
            foreach (var image in images.RootElement.EnumerateArray())
            {
                string id = image.GetProperty("Id").GetString()!;
                if (used.Contains(id))
                    continue;
                using var answer = await _http.DeleteAsync(new Uri($"images/{id}?force=true", UriKind.Relative), ct);
                _log.Write("pruned-image", $"{id} {image.GetProperty("RepoTags")} {(int)answer.StatusCode}");
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            _log.Write("engine-silent", e.Message);
        }
    }

    /// <summary>Images of containers, running or not: the application's and this one's.</summary>
    private async Task<HashSet<string>> UsedAsync(CancellationToken ct)
    {
        using var containers = JsonDocument.Parse(await _http.GetByteArrayAsync(new Uri("containers/json?all=true", UriKind.Relative), ct));
        return [.. containers.RootElement.EnumerateArray().Select(c => c.GetProperty("ImageID").GetString()!)];
    }

    public void Dispose() => _http.Dispose();
}
