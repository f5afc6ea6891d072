using System.CommandLine;
using Hostup.Core.Errors;
using Hostup.Lab.Benchmarks;
using Hostup.Lab.Commands;
using Hostup.Lab.Demo;
using Hostup.Lab.Networks;
using Hostup.Lab.Testing;

var root = new RootCommand("The device lab: makes host OS images, runs virtual devices, tests the product on them")
{
    BuildCommands.Tools(),
    BuildCommands.Image(),
    BuildCommands.Package(),
    DeviceCommands.Device(),
    DeviceCommands.List(),
    DeviceCommands.Exec(),
    DeviceCommands.Shell(),
    DeviceCommands.Stop(),
    DeviceCommands.RecordDisks(),
    DemoCommand.Create(),
    BenchCommand.Create(),
    TestCommand.Create(),
    FetchSlotCommand.Create(),
};
try
{
    var parsed = root.Parse(args);
    if (parsed.Errors is not [])
    {
        foreach (var error in parsed.Errors)
            await Console.Error.WriteLineAsync($"hostup-lab: {error.Message}");
        return 2;
    }
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (HostupException e)
{
    await Console.Error.WriteLineAsync($"hostup-lab: {e.Message} [{e.Code}]");
    return e.Code.Kind == HostupErrorKind.Usage ? 2 : 1;
}
