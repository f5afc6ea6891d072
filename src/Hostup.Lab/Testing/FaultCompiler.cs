using System.Text;
using System.Text.Json;
using Hostup.Core.Errors;

namespace Hostup.Lab.Testing;

/// <summary>
/// Compiles projects again and again: the build system is asked once for each how, and the compiler's own server does it, which knows after the first time what it needs.
/// The server is this process's own and ends with it.
/// </summary>
/// <param name="root">The source tree; what it has was built before.</param>
internal sealed class FaultCompiler(string root) : IAsyncDisposable
{
    // Should this process be killed, the server ends by itself; a compilation comes each few seconds.
    private const string KeepAliveSeconds = "300";

    private readonly Dictionary<string, (string Compiler, string Options)> _known = [];
    private readonly string _server = $"hostup-mutate-{Environment.ProcessId}";

    /// <summary>Compiles the source as it lies there.</summary>
    /// <param name="project">Folder of the project, from the root.</param>
    /// <param name="output">File of the library that is made.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>Whether it compiles.</returns>
    public async Task<bool> CompileAsync(string project, string output, CancellationToken ct)
    {
        if (!_known.TryGetValue(project, out var known))
            _known[project] = known = await AskAsync(project, ct);
        return await DotNet.RunAsync(Path.Combine(root, project), [known.Compiler, "/noconfig", $"/shared:{_server}", $"/keepalive:{KeepAliveSeconds}", $"@{known.Options}", $"/out:{output}"], null, ct) == 0;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_known.Values.FirstOrDefault() is { Compiler: { } compiler })
            await DotNet.RunAsync(root, [Path.Combine(Path.GetDirectoryName(compiler)!, "VBCSCompiler.dll"), "-shutdown", $"-pipename:{_server}"], _ => { }, CancellationToken.None);
    }

    private async Task<(string Compiler, string Options)> AskAsync(string project, CancellationToken ct)
    {
        var said = new StringBuilder();
        // As a development environment asks: everything but the compilation, and also when nothing has changed.
        string[] design = ["-t:Compile", "-p:ProvideCommandLineArgs=true", "-p:SkipCompilerExecution=true", "-p:NonExistentFile=nothing", "-getItem:CscCommandLineArgs", "-getProperty:RoslynTargetsPath"];
        if (await DotNet.RunAsync(root, ["build", project, "--no-restore", "--no-dependencies", .. Mutations.BuildOptions, .. design], line => said.AppendLine(line), ct) != 0)
            throw new HostupException(HostupErrors.Lab, $"cannot ask how {project} is compiled", said.ToString().Trim(), "run `./test fast` first");
        using var answer = JsonDocument.Parse(said.ToString());
        var options = answer.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray().Select(a => a.GetProperty("Identity").GetString()!)
            // the library is all that is wanted
            .Where(a => a != "/noconfig" && !a.StartsWith("/out:", StringComparison.Ordinal) && !a.StartsWith("/refout:", StringComparison.Ordinal) && !a.StartsWith("/doc:", StringComparison.Ordinal));
        string file = Path.Combine(root, Path.GetFileName(project) + ".rsp");
        await File.WriteAllLinesAsync(file, options.Select(o => o.Contains(' ', StringComparison.Ordinal) ? $"\"{o}\"" : o), ct);
        string compiler = Path.GetFullPath(Path.Combine(answer.RootElement.GetProperty("Properties").GetProperty("RoslynTargetsPath").GetString()!, "bincore/csc.dll"));
        return (compiler, file);
    }
}
