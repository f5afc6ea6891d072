using System.Net.Http.Headers;
using System.Net.Http.Json;
using Hostup.Core.Wire;
using Hostup.Device.Tests.Attacks;
using Hostup.Oci.Registries;
using Hostup.Server;

namespace Hostup.Device.Tests.Agent;

/// <summary>The real server, on a real socket, with what its owner does; it can be stopped, started again, and put back to an earlier day.</summary>
internal sealed class RealServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-real-");
    private ServerHost? _host;

    private string _data;

    private RealServer() => _data = Path.Combine(_folder.FullName, "data");

    /// <summary>Where it listens; another place after each start.</summary>
    public Uri Address => _host!.Address;

    public HttpClient Operator { get; private set; } = new();

    public static async Task<RealServer> StartAsync()
    {
        var server = new RealServer();
        await server.StartAgainAsync();
        return server;
    }

    public async Task StartAgainAsync()
    {
        _host = await ServerHost.StartAsync(new ServerOptions { DataDirectory = _data, Urls = "http://127.0.0.1:0", DeltaWorkers = 0, LogLevel = Microsoft.Extensions.Logging.LogLevel.Error }, default);
        OperatorKey = (await File.ReadAllTextAsync(_host.OperatorKeyFile)).Trim();
        Operator = new HttpClient { BaseAddress = Address };
        Operator.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", OperatorKey);
    }

    public async Task StopAsync()
    {
        if (_host is null)
            return;
        Operator.Dispose();
        await _host.DisposeAsync();
        _host = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>A copy of the stopped server's data folder.</summary>
    public string BackUp()
    {
        string backup = Path.Combine(_folder.FullName, "backup");
        foreach (string file in Directory.EnumerateFiles(_data, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(backup, Path.GetRelativePath(_data, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return backup;
    }

    /// <summary>The stopped server starts from a copy the next time.</summary>
    public void PutBack(string backup) => _data = backup;

    public async Task<string> ProvisioningKeyAsync() =>
        (await PostAsync("/api/v1/provisioning-keys", "{}"u8.ToArray(), WireJson.Default.ProvisioningKeyAnswer)).Key;

    /// <summary>Pushes the image of a release and publishes its envelope.</summary>
    public async Task PublishAsync(BuiltImage image, byte[] envelope)
    {
        using var registry = new HttpClient(RegistryClient.NewHandler());
        await new RegistryClient(registry, new RegistryLocation(Address, "hostos/sim-device"), new RegistryCredentials("operator", OperatorKey), new TransferCounter()).PushAsync(image.Image, image.Layout, null, default);
        await PostAsync("/api/v1/releases", envelope);
    }

    public async Task<AttemptView> UpdateAsync(string device, UpdateRequest request)
    {
        var answer = await Operator.PostAsJsonAsync($"/api/v1/devices/{device}/updates", request, WireJson.Default.UpdateRequest);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.AttemptView))!;
    }

    public async Task<AttemptView> AttemptAsync(string id) => (await Operator.GetFromJsonAsync($"/api/v1/attempts/{id}", WireJson.Default.AttemptView))!;

    public Task<byte[]> LogAsync(string id) => Operator.GetByteArrayAsync($"/api/v1/attempts/{id}/log");

    public async Task<HttpContent> PostAsync(string path, byte[] json)
    {
        var content = new ByteArrayContent(json);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return (await Operator.PostAsync(path, content)).EnsureSuccessStatusCode().Content;
    }

    private async Task<T> PostAsync<T>(string path, byte[] json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => (await (await PostAsync(path, json)).ReadFromJsonAsync(type))!;

    private string OperatorKey { get; set; } = "";
}
