using System.CommandLine;
using Hostup.Device;
using Hostup.Device.Commands;

var root = new RootCommand("Updates the host OS of this device")
{
    AgentCommand.Create(),
    UpdateCommand.Create(),
    CheckCommand.Create(),
    PlanCommand.Create(),
    PolicyCommand.Create(),
    StatusCommand.Create(),
    RollbackCommand.Create(),
    PollNowCommand.Create(),
    ForceRebootCommand.Create(),
};
return await CommandEnd.OfAsync(string.Join(' ', args.TakeWhile(a => !a.StartsWith('-'))), async () =>
{
    var parsed = root.Parse(args);
    if (parsed.Errors is not [])
    {
        foreach (var error in parsed.Errors)
            await Console.Error.WriteLineAsync($"hostup-device: {error.Message}").ConfigureAwait(false);
        return ExitCodes.Usage;
    }
    // An update is stopped by its unit at a safe point.
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) }).ConfigureAwait(false);
}, Console.Error).ConfigureAwait(false);
