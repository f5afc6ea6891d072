using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using Hostup.Cli.Access;
using Hostup.Cli.Api;
using Hostup.Cli.Completion;
using Hostup.Cli.Deltas;
using Hostup.Cli.Devices;
using Hostup.Cli.Keys;
using Hostup.Cli.Policies;
using Hostup.Cli.Releases;
using Hostup.Cli.Rules;
using Hostup.Cli.Targets;
using Hostup.Cli.Updaters;
using Hostup.Cli.Updates;
using Hostup.Cli.Versions;
using Hostup.Core.Errors;

namespace Hostup.Cli;

/// <summary>The command line: all nouns, and how errors become texts and exit codes.</summary>
internal static class HostupCommand
{
    // a version may begin with @; it is no file of arguments
    private static readonly ParserConfiguration AsTyped = new() { ResponseFileTokenReplacer = null };

    public static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken ct)
    {
        var error = terminal.Error;
        var root = Build(terminal);
        var parsed = root.Parse(args, AsTyped);
        // signals are the caller's: another handler would end the command before the caller's token says that it is wanted
        var configuration = new InvocationConfiguration { Output = terminal.Output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        // a line that is to be completed is none yet
        bool completes = root.Directives.OfType<SuggestDirective>().Any(d => parsed.GetResult(d) is not null);
        if (parsed.Errors.Count > 0 && parsed.Action is not ExampleHelp && !completes)
        {
            foreach (var wrong in parsed.Errors)
                await error.WriteLineAsync($"hostup: {wrong.Message}");
            await error.WriteLineAsync("See the command's --help.");
            return ExitCodes.Usage;
        }
        try
        {
            return await parsed.InvokeAsync(configuration, ct);
        }
        catch (HostupException e)
        {
            await error.WriteLineAsync($"hostup: {e.Message} [{e.Code}]");
            return ExitCodes.Of(e.Code);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return ExitCodes.Cancelled;
        }
        catch (IOException e)
        {
            await error.WriteLineAsync($"hostup: cannot read or write a file: {e.Message}");
            return ExitCodes.Failed;
        }
    }

    public static RootCommand Build(Terminal terminal)
    {
        var root = new RootCommand("hostup: host OS updates from the operator's machine.");
        root.Options.OfType<HelpOption>().Single().Action = new ExampleHelp();
        foreach (var command in (Command[])
        [
            LoginCommand.Build(terminal), VersionCommands.Build(terminal), RulesCommands.Build(terminal), KeyCommands.Build(terminal), TrustCommands.Build(terminal), ReleaseCommands.Build(terminal),
            UpdaterCommands.Build(terminal), DeltaCommands.Build(terminal), DeviceCommands.Build(terminal), FleetCommands.Build(terminal), ProvisioningKeyCommands.Build(terminal), OperatorKeyCommands.Build(terminal), UserCommands.Build(terminal), OrganisationCommands.Build(terminal), AuditCommands.Build(terminal), PolicyCommands.Build(terminal), TargetCommands.Build(terminal), UpdateCommands.Build(terminal), CompletionCommands.Build(terminal),
        ])
            root.Subcommands.Add(command);
        return root;
    }
}
