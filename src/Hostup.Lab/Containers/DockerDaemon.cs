using System.Diagnostics;
using Hostup.Core.Errors;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Containers;

/// <summary>A real container engine, Debian's <c>dockerd</c>, with everything of its own in a folder: it touches neither networks nor other engines of this machine.</summary>
public sealed class DockerDaemon : IAsyncDisposable
{
    /// <summary>The program.</summary>
    public const string Program = "/usr/sbin/dockerd";

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(30);
    private readonly Process _process;
    private readonly string _log;

    private DockerDaemon(Process process, string socket, string log) => (_process, Socket, _log) = (process, socket, log);

    /// <summary>Where its API is.</summary>
    public string Socket { get; }

    /// <summary>Starts one.</summary>
    /// <param name="folder">Receives its state; a short path, sockets lie in it.</param>
    /// <param name="ct">Ends the start.</param>
    public static async Task<DockerDaemon> StartAsync(string folder, CancellationToken ct)
    {
        string socket = Path.Combine(folder, "engine.sock");
        string log = Path.Combine(folder, "engine.log");
        string settings = Path.Combine(folder, "engine.json");
        await File.WriteAllTextAsync(settings, "{}", ct);
        string[] arguments =
        [
            "--config-file", settings, "--data-root", Path.Combine(folder, "data"), "--exec-root", Path.Combine(folder, "exec"), "--pidfile", Path.Combine(folder, "engine.pid"),
            "--host", "unix://" + socket, "--storage-driver", "vfs", "--bridge", "none", "--iptables=false", "--ip-forward=false", "--userland-proxy=false",
        ];
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // A proxy or authority of this machine's own settings is not the engine's.
        foreach (string name in start.Environment.Keys.Where(k => k.EndsWith("_PROXY", StringComparison.OrdinalIgnoreCase) || k.StartsWith("SSL_CERT", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) => File.AppendAllText(log, line.Data + "\n");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var engine = new DockerDaemon(process, socket, log);
        await engine.AnswersAsync(ct);
        return engine;
    }

    /// <summary>Runs the command line client against it.</summary>
    public Task<string> CliAsync(IReadOnlyList<string> arguments, CancellationToken ct) => new Tool("docker").RunAsync(["--host", "unix://" + Socket, .. arguments], ct);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // In order, so that it ends its own containerd and takes its mounts away.
            await new Tool("kill").RunAsync(["-TERM", $"{_process.Id}"], CancellationToken.None);
            using var limit = new CancellationTokenSource(EndLimit);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync();
            }
        }
        _process.Dispose();
    }

    private async Task AnswersAsync(CancellationToken ct)
    {
        using var engine = new Linux.Engine.DockerEngine(Socket);
        var began = Stopwatch.StartNew();
        while (!_process.HasExited && began.Elapsed < StartLimit)
        {
            if (await engine.AnswersAsync(ct))
                return;
            await Task.Delay(TimeSpan.FromMilliseconds(100), ct);
        }
        string said = File.Exists(_log) ? string.Join('\n', File.ReadLines(_log).TakeLast(10)) : "";
        await DisposeAsync();
        throw new HostupException(HostupErrors.Lab, $"cannot start {Program}", $"it does not answer: {said}", "run it by hand to see why");
    }
}
