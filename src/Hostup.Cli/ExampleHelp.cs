using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Hostup.Cli;

/// <summary>Help in 80 columns, with the command's example at its end.</summary>
internal sealed class ExampleHelp : SynchronousCommandLineAction
{
    private readonly HelpAction _help = new() { MaxWidth = 80 };

    public override int Invoke(ParseResult parseResult)
    {
        int result = _help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is ExampleCommand command)
            parseResult.InvocationConfiguration.Output.WriteLine($"Example:\n  {command.Example}\n");
        return result;
    }
}
