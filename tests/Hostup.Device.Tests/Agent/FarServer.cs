using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Hostup.Core.Wire;
using Hostup.Lab.Testing;
using Hostup.Linux.Network;
using Hostup.Server;

namespace Hostup.Device.Tests.Agent;

/// <summary>A server program in a network namespace of its own, with TLS: what goes to and fro crosses a network interface of this machine, and nothing else does.</summary>
internal sealed class FarServer : IAsyncDisposable
{
    private const string HostName = "hostup.example.com";
    private const string Inside = "HOSTUP_FAR_NETWORK";
    private const string TlsSettings = "OPENSSL_CONF";
    private readonly string _name = $"hu{Environment.ProcessId}";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-far-");
    private readonly string _rootCertificate;
    private readonly string _listens;
    private Process? _process;

    private FarServer()
    {
        string network = Environment.GetEnvironmentVariable(Inside)!;
        Address = new Uri($"https://{HostName}:5443/");
        _listens = $"https://{network}.2:5443";
        Ip("netns", "add", _name);
        Ip("link", "add", _name, "type", "veth", "peer", "name", "far", "netns", _name);
        // neighbour discovery of a protocol that is not used is no cost of ours
        File.WriteAllText($"/proc/sys/net/ipv6/conf/{_name}/disable_ipv6", "1");
        Ip("addr", "add", $"{network}.1/30", "dev", _name);
        Ip("link", "set", _name, "up");
        Ip("-n", _name, "addr", "add", $"{network}.2/30", "dev", "far");
        Ip("-n", _name, "link", "set", "lo", "up");
        Ip("-n", _name, "link", "set", "far", "up");
        _rootCertificate = MakeCertificates();
    }

    public Uri Address { get; }

    /// <summary>Whether this process can find the server by its name: TLS resumes no session with a server that has none.</summary>
    public static bool IsInside => Environment.GetEnvironmentVariable(Inside) is not null;

    /// <summary>Runs a test of this assembly once more, in a process whose <c>/etc/hosts</c> has the server's name.</summary>
    /// <returns>What it said; the test fails when it fails there.</returns>
    public static async Task<IReadOnlyList<string>> RunInsideAsync(string testClass)
    {
        string network = $"10.{Environment.ProcessId % 250}.{Environment.ProcessId / 250 % 250}";
        string hosts = Path.GetTempFileName();
        await File.WriteAllTextAsync(hosts, $"127.0.0.1 localhost\n{network}.2 {HostName}\n");
        var start = new ProcessStartInfo("/usr/bin/unshare", ["--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\"", hosts, "dotnet", typeof(FarServer).Assembly.Location, "-noColor", "-diagnostics", "-class", testClass]) { RedirectStandardOutput = true };
        start.Environment[Inside] = network;
        // as the agent's unit has it
        start.Environment[TlsSettings] = Path.Combine(SourceTree.Find(), "deploy/device/agent-tls.cnf");
        using var process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        File.Delete(hosts);
        Assert.True(process.ExitCode == 0, output);
        return output.Split('\n');
    }

    /// <summary>Bytes that crossed this machine's end of the link, Ethernet headers and all.</summary>
    public long InterfaceBytes => new[] { "rx_bytes", "tx_bytes" }.Sum(c => long.Parse(File.ReadAllText($"/sys/class/net/{_name}/statistics/{c}"), CultureInfo.InvariantCulture));

    public static async Task<FarServer> StartAsync()
    {
        var site = new FarServer();
        try
        {
            await site.LaunchAsync();
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Connections as a device with the owner's authority opens them.</summary>
    /// <param name="resumes">Whether TLS sessions are resumed.</param>
    public ServerConnections Connections(bool resumes = true)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(_rootCertificate);
        return new ServerConnections(authorities, proxy: null) { ResumesSessions = resumes };
    }

    /// <summary>Registers a device, and says how often it is to poll.</summary>
    public async Task<(string Uuid, string Key)> RegisterAsync(ServerConnections connections, int pollSeconds)
    {
        string uuid = Guid.NewGuid().ToString("N");
        using var owner = Client(connections, (await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "data/operator-key"))).Trim());
        (await owner.PutAsJsonAsync("/api/v1/policy", new PolicySettings { PollSeconds = pollSeconds }, WireJson.Default.PolicySettings)).EnsureSuccessStatusCode();
        var made = await owner.PostAsJsonAsync("/api/v1/provisioning-keys", new ProvisioningKeyRequest(null, null), WireJson.Default.ProvisioningKeyRequest);
        using var device = Client(connections, (await made.Content.ReadFromJsonAsync(WireJson.Default.ProvisioningKeyAnswer))!.Key);
        var registered = await device.PostAsJsonAsync("/device/v1/register", new RegisterRequest(uuid, "genericx86-64", null), WireJson.Default.RegisterRequest);
        return (uuid, (await registered.Content.ReadFromJsonAsync(WireJson.Default.RegisterAnswer))!.DeviceKey);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        _process?.Dispose();
        Ip("netns", "del", _name);
        _folder.Delete(recursive: true);
    }

    private async Task LaunchAsync()
    {
        var start = new ProcessStartInfo("/usr/sbin/ip", ["netns", "exec", _name, "dotnet", typeof(ServerHost).Assembly.Location, "--data", Path.Combine(_folder.FullName, "data"), "--urls", _listens]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove(TlsSettings);
        start.Environment["Kestrel__Certificates__Default__Path"] = Path.Combine(_folder.FullName, "chain.pem");
        start.Environment["Kestrel__Certificates__Default__KeyPath"] = Path.Combine(_folder.FullName, "key.pem");
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        var said = new StringBuilder();
        _process.ErrorDataReceived += (_, e) => said.AppendLine(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var connections = Connections();
        using var client = Client(connections, "nobody");
        var began = Stopwatch.StartNew();
        while (!_process.HasExited && began.Elapsed < TimeSpan.FromMinutes(5))
        {
            try
            {
                if ((await client.GetAsync("/readyz")).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException e)
            {
                said.Append(e.Message).AppendLine(e.InnerException?.Message);
                if (_process.WaitForExit(200))
                    break;
            }
        }
        Assert.Fail($"the server does not start: {said}");
    }

    private HttpClient Client(ServerConnections connections, string key)
    {
        var client = connections.Open();
        client.BaseAddress = Address;
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>A root, an intermediate and a server's certificate, as public authorities have them.</summary>
    /// <returns>The root, PEM.</returns>
    private string MakeCertificates()
    {
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(90));
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var asRoot = new CertificateRequest("CN=Example Root, O=Example", rootKey, HashAlgorithmName.SHA256);
        asRoot.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var root = asRoot.CreateSelfSigned(from, to);
        var asMiddle = new CertificateRequest("CN=Example Intermediate, O=Example", middleKey, HashAlgorithmName.SHA256);
        asMiddle.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        using var middle = asMiddle.Create(root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), from, to, [1]);
        var asServer = new CertificateRequest($"CN={HostName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(HostName);
        asServer.CertificateExtensions.Add(names.Build());
        using var server = asServer.Create(middle.SubjectName, X509SignatureGenerator.CreateForECDsa(middleKey), from, to, [2]);
        File.WriteAllText(Path.Combine(_folder.FullName, "chain.pem"), server.ExportCertificatePem() + "\n" + middle.ExportCertificatePem() + "\n");
        File.WriteAllText(Path.Combine(_folder.FullName, "key.pem"), key.ExportPkcs8PrivateKeyPem() + "\n");
        return root.ExportCertificatePem();
    }

    private static void Ip(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("/usr/sbin/ip", arguments) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {said}");
    }
}
