using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Hostup.Cli;

/// <summary>Help in 80 columns, with an example at its end: the command's own, or that of the first command below it.</summary>
internal sealed class ExampleHelp : SynchronousCommandLineAction
{
    private readonly HelpAction _help = new() { MaxWidth = Terminal.Columns };

    public override int Invoke(ParseResult parseResult)
    {
        int result = _help.Invoke(parseResult);
        if (Example(parseResult.CommandResult.Command) is { } example)
            parseResult.InvocationConfiguration.Output.WriteLine($"Example:\n  {example}\n");
        return result;
    }

    private static string? Example(Command command) =>
        command is ExampleCommand { Example: var example } ? example : command.Subcommands.Select(Example).FirstOrDefault(e => e is not null);
}
