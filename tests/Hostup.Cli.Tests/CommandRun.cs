namespace Hostup.Cli.Tests;

/// <summary>One run of the program in this process.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static Task<CommandRun> OfAsync(params string[] args) => WithInputAsync("", args);

    public static Task<CommandRun> WithInputAsync(string input, params string[] args) => RunAsync(input, isInteractive: false, args);

    /// <summary>A run before which somebody sits, who types this.</summary>
    public static Task<CommandRun> TypedAsync(string typed, params string[] args) => RunAsync(typed, isInteractive: true, args);

    private static async Task<CommandRun> RunAsync(string input, bool isInteractive, string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        int code = await HostupCommand.RunAsync(args, new Terminal(new StringReader(input), output, error) { IsInteractive = isInteractive }, CancellationToken.None);
        return new CommandRun(code, output.ToString(), error.ToString());
    }
}
