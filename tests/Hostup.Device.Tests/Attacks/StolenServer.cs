using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Linux.Network;
using Hostup.Oci.Registries;
using Hostup.Server;

namespace Hostup.Device.Tests.Attacks;

/// <summary>
/// A real server that a builder has used for a while, and the copy of its data folder that a thief took: database, blobs, keys, everything.
/// The thief answers devices from that copy.
/// </summary>
internal sealed class StolenServer : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-stolen-");

    private string Loot => Path.Combine(_folder.FullName, "loot");

    /// <summary>Every file of the data folder.</summary>
    public IReadOnlyList<string> Files => [.. Directory.EnumerateFiles(Loot, "*", SearchOption.AllDirectories)];

    /// <summary>Every signed document that lay there, with its digest.</summary>
    public IReadOnlyList<(Digest Digest, Envelope Envelope)> Documents { get; private set; } = [];

    /// <summary>Every run of 32 bytes, base64 or hexadecimal text of the right length, that could be a private key of the curve.</summary>
    public IReadOnlyList<byte[]> Secrets { get; private set; } = [];

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>A year of work: releases, an updater, a trust list, a device. Then the folder is taken.</summary>
    public static async Task<StolenServer> AfterWorkAsync(OsBuilder builder, IReadOnlyList<(BuiltImage Image, byte[] Envelope)> releases, (byte[] Program, byte[] Envelope) updater, byte[] trustList)
    {
        var stolen = new StolenServer();
        string data = Path.Combine(stolen._folder.FullName, "data");
        await using (var host = await ServerHost.StartAsync(new ServerOptions { DataDirectory = data, Urls = "http://127.0.0.1:0", LogLevel = Microsoft.Extensions.Logging.LogLevel.Error }, default))
        {
            string key = (await File.ReadAllTextAsync(host.OperatorKeyFile)).Trim();
            using var http = new HttpClient { BaseAddress = host.Address };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            foreach (var (image, envelope) in releases)
            {
                using var registry = new HttpClient(RegistryClient.NewHandler());
                await new RegistryClient(registry, new RegistryLocation(host.Address, "hostos/sim-device"), new RegistryCredentials("operator", key), new TransferCounter()).PushAsync(image.Image, image.Layout, null, default);
                await PostAsync(http, "/api/v1/releases", envelope);
            }
            (await http.PutAsync($"/api/v1/updaters/programs/{Digest.Of(updater.Program)}", new ByteArrayContent(updater.Program))).EnsureSuccessStatusCode();
            await PostAsync(http, "/api/v1/updaters", updater.Envelope);
            await PostAsync(http, "/api/v1/trust-lists", trustList);
            var provisioning = await http.PostAsJsonAsync("/api/v1/provisioning-keys", new ProvisioningKeyRequest("shops", null), WireJson.Default.ProvisioningKeyRequest);
            string provisioningKey = (await provisioning.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.ProvisioningKeyAnswer))!.Key;
            using var connections = ServerConnections.Of(null, null);
            using var device = new ServerLink(connections, host.Address, deviceKey: null);
            await device.RegisterAsync(provisioningKey, new RegisterRequest("0123456789abcdef0123456789abcdef", "sim-device", null), default);
        }
        Directory.Move(data, stolen.Loot);
        stolen.Ransack();
        return stolen;
    }

    /// <summary>Answers devices with all that was found: documents by digest, programs, images.</summary>
    public void Open(Impostor server)
    {
        foreach (string file in Files.Where(f => f.Contains("/blobs/", StringComparison.Ordinal)))
        {
            byte[] content = File.ReadAllBytes(file);
            var digest = Digest.Of(content);
            foreach (string place in (string[])["device/v1/envelopes/", "device/v1/updaters/", "v2/hostos/sim-device/manifests/", "v2/hostos/sim-device/blobs/"])
                server.Files[place + digest] = content;
        }
        // what the server knows of devices: their keys are hashed, so any key is as good
        server.Poll = new PollAnswer(1, null);
    }

    private void Ransack()
    {
        var documents = new List<(Digest, Envelope)>();
        var secrets = new List<byte[]>();
        foreach (string file in Files)
        {
            byte[] content = File.ReadAllBytes(file);
            try
            {
                documents.Add((Digest.Of(content), Envelope.Parse(content)));
            }
            catch (Core.Errors.HostupException)
            {
                // no document
            }
            secrets.AddRange(Candidates(content));
        }
        Documents = documents;
        Secrets = secrets;
    }

    private static IEnumerable<byte[]> Candidates(byte[] content)
    {
        foreach (string word in Encoding.Latin1.GetString(content).Split([' ', '\n', '"', '\'', '\0', '_', ',', ':', '\u0001']).Where(w => w.Length is >= 43 and <= 64).Distinct())
        {
            byte[] bytes = new byte[64];
            if (Convert.TryFromBase64String(word.Replace('-', '+').PadRight((word.Length + 3) / 4 * 4, '='), bytes, out int length) && length >= 32)
                yield return bytes[..32];
            if (word.Length == 64 && word.All(char.IsAsciiHexDigit))
                yield return Convert.FromHexString(word);
        }
        // the operator's key as it lies there, and a digest of every file: what one may try
        yield return SHA256.HashData(content);
        if (content.Length >= 32)
            yield return content[..32];
    }

    private static async Task PostAsync(HttpClient http, string path, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        (await http.PostAsync(path, content)).EnsureSuccessStatusCode();
    }
}
