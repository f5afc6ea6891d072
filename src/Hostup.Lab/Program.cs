using System.CommandLine;
using Hostup.Core.Errors;
using Hostup.Lab.Commands;

var root = new RootCommand("The device lab: makes host OS images and runs virtual devices")
{
    BuildCommands.Tools(),
    BuildCommands.Image(),
    DeviceCommands.Device(),
    DeviceCommands.List(),
    DeviceCommands.Exec(),
    DeviceCommands.Stop(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (HostupException e)
{
    await Console.Error.WriteLineAsync($"hostup-lab: {e.Message} [{e.Code}]");
    return e.Code.Kind == HostupErrorKind.Usage ? 2 : 1;
}
