using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests;

/// <summary>A real server on a loopback port, with what tests do on it again and again.</summary>
public sealed class TestServer : IAsyncLifetime
{
    public const string DeviceType = "genericx86-64";
    private ServerHost? _host;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("hostup-server-").FullName;
    internal ManualTime Time { get; } = new();

    /// <summary>What differs from the usual options; looked at with each start.</summary>
    internal Func<ServerOptions, ServerOptions> Change { get; set; } = o => o;

    public SigningKey SigningKey { get; } = SigningKey.Create();
    public Uri Address => _host!.Address;

    /// <summary>Where the first administrator chooses a password; null: not the first start.</summary>
    public string? FirstLink => _host!.FirstLink;

    public string OperatorKey { get; private set; } = "";
    public HttpClient Operator { get; private set; } = new();
    public HttpClient Nobody { get; private set; } = new();

    public async ValueTask InitializeAsync()
    {
        _host = await ServerHost.StartAsync(Change(new ServerOptions { DataDirectory = Directory, Urls = "http://127.0.0.1:0", Time = Time, LogLevel = LogLevel.Warning }), CancellationToken.None);
        OperatorKey = (await File.ReadAllTextAsync(_host.OperatorKeyFile)).Trim();
        Nobody = new HttpClient { BaseAddress = Address };
        Operator = Client(OperatorKey);
    }

    public async ValueTask DisposeAsync()
    {
        await _host!.DisposeAsync();
        SigningKey.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    public async Task RestartAsync()
    {
        await _host!.DisposeAsync();
        await InitializeAsync();
    }

    public HttpClient Client(string key)
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>The same server, as the holder of another operator key sees it.</summary>
    public TestServer As(string operatorKey)
    {
        var other = (TestServer)MemberwiseClone();
        (other.OperatorKey, other.Operator) = (operatorKey, Client(operatorKey));
        return other;
    }

    /// <summary>The same server, as a new organisation sees it.</summary>
    public async Task<TestServer> OrganisationAsync() =>
        As((await PostAsync("/api/v1/organisations", new OrganisationRequest("o" + Guid.NewGuid().ToString("N")), WireJson.Default.OrganisationRequest, WireJson.Default.OrganisationAnswer)).Key);

    public async Task<string> ProvisioningKeyAsync(DateTimeOffset? expiresAt = null) =>
        (await PostAsync("/api/v1/provisioning-keys", new ProvisioningKeyRequest("test", expiresAt), WireJson.Default.ProvisioningKeyRequest, WireJson.Default.ProvisioningKeyAnswer)).Key;

    /// <summary>Registers a new device.</summary>
    public async Task<TestDevice> DeviceAsync()
    {
        string uuid = Guid.NewGuid().ToString("N");
        using var client = Client(await ProvisioningKeyAsync());
        var answer = await client.PostAsJsonAsync("/device/v1/register", new RegisterRequest(uuid, DeviceType, null), WireJson.Default.RegisterRequest);
        var registered = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.RegisterAnswer);
        return new TestDevice(uuid, registered!.DeviceKey, Client(registered.DeviceKey));
    }

    /// <summary>Pushes an image of one layer and publishes a release of it.</summary>
    public async Task<ReleaseView> ReleaseAsync(string version, string deviceType = DeviceType, HealthSettings? health = null)
    {
        var image = await PushAsync("hostos/x", Encoding.UTF8.GetBytes("layer of " + version));
        return await PublishAsync(Sign(version, image, deviceType, health: health));
    }

    public async Task<ReleaseView> PublishAsync(byte[] envelope)
    {
        var answer = await Operator.PostAsync("/api/v1/releases", new ByteArrayContent(envelope));
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.ReleaseView))!;
    }

    public byte[] Sign(string version, Digest image, string deviceType = DeviceType, string repository = "hostos/x", long? sequence = null, HealthSettings? health = null, ReleaseImage? described = null, Digest? tree = null)
    {
        var manifest = new ReleaseManifest
        {
            Version = version,
            DeviceType = deviceType,
            Sequence = sequence ?? Interlocked.Increment(ref _sequence),
            SignedAt = Time.GetUtcNow(),
            Image = described ?? new ReleaseImage { Digest = image, Repository = repository, DownloadBytes = 1 },
            TreeDigest = tree ?? Digest.Of("tree"u8),
            Root = new RootFileSystem { ContentBytes = 1, SpaceBytes = 1, Entries = 1 },
            Health = health ?? new(),
        };
        return Envelope.Sign(ReleaseManifest.PayloadType, manifest.ToJson(), SigningKey).ToJson();
    }

    /// <summary>Pushes config, layer and manifest with one request each.</summary>
    public async Task<Digest> PushAsync(string repository, byte[] layer)
    {
        byte[] config = "{}"u8.ToArray();
        foreach (byte[] blob in (byte[][])[config, layer])
            (await Operator.PostAsync($"/v2/{repository}/blobs/uploads/?digest={Digest.Of(blob)}", new ByteArrayContent(blob))).EnsureSuccessStatusCode();
        byte[] manifest = Manifest(config, layer);
        var content = new ByteArrayContent(manifest);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.oci.image.manifest.v1+json");
        (await Operator.PutAsync($"/v2/{repository}/manifests/{Digest.Of(manifest)}", content)).EnsureSuccessStatusCode();
        return Digest.Of(manifest);
    }

    public static byte[] Manifest(byte[] config, byte[] layer) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["schemaVersion"] = 2,
        ["config"] = new JsonObject { ["mediaType"] = "application/vnd.oci.image.config.v1+json", ["digest"] = Digest.Of(config).ToString(), ["size"] = config.Length },
        ["layers"] = new JsonArray(new JsonObject { ["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip", ["digest"] = Digest.Of(layer).ToString(), ["size"] = layer.Length }),
    }.ToJsonString());

    public async Task<AttemptView> UpdateAsync(TestDevice device, string release) =>
        await PostAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = release }, WireJson.Default.UpdateRequest, WireJson.Default.AttemptView);

    public async Task<AttemptView> AttemptAsync(string id, string query = "") =>
        (await Operator.GetFromJsonAsync($"/api/v1/attempts/{id}{query}", WireJson.Default.AttemptView))!;

    public async Task<TAnswer> PostAsync<TRequest, TAnswer>(string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType)
    {
        var answer = await Operator.PostAsJsonAsync(path, request, requestType);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(answerType))!;
    }

    public static async Task<ApiError> ErrorAsync(HttpResponseMessage answer) => (await answer.Content.ReadFromJsonAsync(WireJson.Default.ApiError))!;

    private long _sequence;
}

public sealed record TestDevice(string Uuid, string Key, HttpClient Http)
{
    public async Task<PollAnswer> PollAsync() => (await Http.GetFromJsonAsync("/device/v1/poll", WireJson.Default.PollAnswer))!;

    public async Task<AttemptAnswer> ReportAsync(string attempt, long serial, string state, string? code = null)
    {
        var answer = await Http.PutAsJsonAsync($"/device/v1/attempts/{attempt}", new AttemptReport { Serial = serial, State = state, ErrorCode = code, Message = code is null ? null : "cannot do it: because; do that" }, WireJson.Default.AttemptReport);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.AttemptAnswer))!;
    }
}
