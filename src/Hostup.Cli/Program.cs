using Hostup.Cli;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
var terminal = new Terminal(Console.In, Console.Out, Console.Error) { IsInteractive = !Console.IsInputRedirected && !Console.IsErrorRedirected };
return await HostupCommand.RunAsync(args, terminal, stop.Token);
