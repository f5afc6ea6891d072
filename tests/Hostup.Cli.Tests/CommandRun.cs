namespace Hostup.Cli.Tests;

/// <summary>One run of the program in this process.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static Task<CommandRun> OfAsync(params string[] args) => WithInputAsync("", args);

    public static async Task<CommandRun> WithInputAsync(string input, params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        int code = await HostupCommand.RunAsync(args, new StringReader(input), output, error, CancellationToken.None);
        return new CommandRun(code, output.ToString(), error.ToString());
    }
}
