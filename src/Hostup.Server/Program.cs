using Hostup.Core.Errors;
using Hostup.Server;
using Hostup.Server.Backups;
using Hostup.Server.Deltas;

try
{
    // the server starts itself so
    if (args is [DeltaBuild.Command or DeltaBuild.PackCommand, ..])
        return await DeltaBuild.RunAsync(args, CancellationToken.None);
    if (args is [BackupCommand.BackUp or BackupCommand.Restore, ..])
        return await BackupCommand.RunAsync(args, Console.Out, CancellationToken.None);
    var options = ServerArguments.Parse(args);
    if (options is null)
    {
        Console.WriteLine(ServerArguments.Help);
        return 0;
    }
    await using var host = await ServerHost.StartAsync(options, CancellationToken.None);
    await host.WaitForShutdownAsync(CancellationToken.None);
    return 0;
}
catch (HostupException e)
{
    Console.Error.WriteLine($"hostup-server: {e.Message} [{e.Code}]");
    return e.Code.Kind == HostupErrorKind.Usage ? 2 : 1;
}
