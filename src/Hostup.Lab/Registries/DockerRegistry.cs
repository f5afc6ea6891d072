using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Hostup.Core.Errors;

namespace Hostup.Lab.Registries;

/// <summary>A real registry, Debian's <c>docker-registry</c>, on a loopback port of its own with its blobs in a folder.</summary>
public sealed class DockerRegistry : IAsyncDisposable
{
    /// <summary>The program.</summary>
    public const string Program = "/usr/bin/docker-registry";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly Process _process;

    private DockerRegistry(Process process, Uri address) => (_process, Address) = (process, address);

    /// <summary>Where it answers.</summary>
    public Uri Address { get; }

    /// <summary>Starts one.</summary>
    /// <param name="folder">Receives its configuration and blobs.</param>
    /// <param name="ct">Ends the start.</param>
    public static async Task<DockerRegistry> StartAsync(string folder, CancellationToken ct)
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }
        string configuration = Path.Combine(folder, "registry.yml");
        string blobs = Directory.CreateDirectory(Path.Combine(folder, "registry")).FullName;
        await File.WriteAllTextAsync(configuration, $"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {blobs}\nhttp:\n  addr: 127.0.0.1:{port}\n", ct);
        var process = Process.Start(new ProcessStartInfo(Program, ["serve", configuration]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var registry = new DockerRegistry(process, new Uri($"http://127.0.0.1:{port}/"));
        await registry.AnswersAsync(ct);
        return registry;
    }

    /// <summary>Ends it at once; its blobs stay.</summary>
    public async Task KillAsync(CancellationToken ct)
    {
        _process.Kill();
        await _process.WaitForExitAsync(ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync(default);
        _process.Dispose();
    }

    private async Task AnswersAsync(CancellationToken ct)
    {
        using var http = new HttpClient();
        var began = Stopwatch.StartNew();
        while (!_process.HasExited && began.Elapsed < StartLimit)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(Address, "v2/"), ct);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
            }
        }
        throw new HostupException(HostupErrors.Lab, $"cannot start {Program}", "it does not answer", "run it by hand to see why");
    }
}
