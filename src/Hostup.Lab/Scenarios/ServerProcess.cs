using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Hostup.Core.Errors;
using Hostup.Lab.Devices;

namespace Hostup.Lab.Scenarios;

/// <summary>A server with its embedded defaults on this machine's loopback, and an operator's CLI that knows it.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private readonly LabEnvironment _lab;
    private readonly string _data;
    private Process _process;

    private ServerProcess(LabEnvironment lab, string data, int port, Process process)
    {
        (_lab, _data, Port, _process) = (lab, data, port, process);
    }

    /// <summary>Port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Address as a virtual device sees it through its user network.</summary>
    public string GuestUrl => $"http://10.0.2.2:{Port}";

    /// <summary>The process, for a device's record.</summary>
    public ProcessIdentity Identity => ProcessIdentity.Of(_process.Id) ?? throw new InvalidOperationException("bug: the server is gone");

    /// <summary>What the CLI needs to know.</summary>
    public IReadOnlyDictionary<string, string> OperatorEnvironment => new Dictionary<string, string>
    {
        ["HOSTUP_SERVER"] = $"http://127.0.0.1:{Port}",
        ["HOSTUP_KEY"] = File.ReadAllText(Path.Combine(_data, "operator-key")).Trim(),
    };

    /// <summary>Ends a server on this data whose starter was killed before anybody else knew of it.</summary>
    public static async Task EndLeftAsync(string data, CancellationToken ct)
    {
        string file = PidFile(data);
        if (File.Exists(file) && int.TryParse(await File.ReadAllTextAsync(file, ct), out int pid) && ProcessIdentity.Of(pid) is { } process
            && (await File.ReadAllTextAsync($"/proc/{pid}/cmdline", ct)).Contains(data, StringComparison.Ordinal))
            await process.KillAsync(ct);
    }

    /// <summary>Starts one on a free port.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="data">Folder for its data.</param>
    /// <param name="ct">Ends the start.</param>
    public static async Task<ServerProcess> StartAsync(LabEnvironment lab, string data, CancellationToken ct)
    {
        int port = FreePort();
        var server = new ServerProcess(lab, data, port, Launch(lab, data, port));
        await server.WaitAsync(ct);
        return server;
    }

    /// <summary>Runs the CLI to its end.</summary>
    public async Task<CliResult> TryCliAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        using var cli = SourceProgram.Cli.Start(_lab, arguments, OperatorEnvironment, captured: true);
        var output = cli.StandardOutput.ReadToEndAsync(ct);
        var error = cli.StandardError.ReadToEndAsync(ct);
        await cli.WaitForExitAsync(ct);
        return new CliResult(cli.ExitCode, await output, await error);
    }

    /// <summary>Runs a command of the CLI that must succeed.</summary>
    public async Task<string> CliAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var result = await TryCliAsync(arguments, ct);
        return result.ExitCode == 0
            ? result.Output
            : throw new HostupException(HostupErrors.Lab, $"cannot run hostup {string.Join(' ', arguments)}", $"exit code {result.ExitCode}: {result.Error.Trim()} {result.Output.Trim()}", "see the server's log");
    }

    /// <summary>Runs the CLI with its output on this terminal.</summary>
    public async Task<int> ShowCliAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        using var cli = SourceProgram.Cli.Start(_lab, arguments, OperatorEnvironment, captured: false);
        await cli.WaitForExitAsync(ct);
        return cli.ExitCode;
    }

    /// <summary>Ends it at once; its data stays.</summary>
    public async Task KillAsync(CancellationToken ct)
    {
        _process.Kill();
        await _process.WaitForExitAsync(ct);
    }

    /// <summary>Starts it again on the same port and data.</summary>
    public async Task RestartAsync(CancellationToken ct)
    {
        _process = Launch(_lab, _data, Port);
        await WaitAsync(ct);
    }

    /// <summary>Lets it run on when this process ends.</summary>
    public void Detach() => Detached = true;

    private bool Detached { get; set; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!Detached && !_process.HasExited)
            await KillAsync(CancellationToken.None);
        _process.Dispose();
    }

    private static Process Launch(LabEnvironment lab, string data, int port)
    {
        Directory.CreateDirectory(data);
        // Through a shell only to put the output into a file that outlives this process, and to leave the process id before anything else.
        string program = Path.Combine(lab.RepositoryRoot, "artifacts/bin/Hostup.Server/release/hostup-server.dll");
        var start = new ProcessStartInfo("sh", ["-c", "echo $$ >\"$1/server.pid\"; exec dotnet \"$0\" --data \"$1\" --urls \"$2\" --poll-seconds 5 >>\"$1/server.log\" 2>&1 </dev/null", program, data, $"http://127.0.0.1:{port}"]);
        return Process.Start(start)!;
    }

    private static string PidFile(string data) => Path.Combine(data, "server.pid");

    private async Task WaitAsync(CancellationToken ct)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Port}") };
        long start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < StartLimit && !_process.HasExited)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("/readyz", UriKind.Relative), ct);
                if (answer.StatusCode == HttpStatusCode.OK)
                    return;
            }
            catch (HttpRequestException)
            {
                // it does not listen yet
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), ct);
        }
        string log = Path.Combine(_data, "server.log");
        throw new HostupException(HostupErrors.Lab, "cannot start the server", File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(5)) : "it left no log", $"see {log}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
