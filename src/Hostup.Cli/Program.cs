using Hostup.Cli;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
// Console.In reads on the caller's thread, which then cannot be interrupted
using var input = new StreamReader(Console.OpenStandardInput(), Console.InputEncoding);
var terminal = new Terminal(input, Console.Out, Console.Error) { IsInteractive = !Console.IsInputRedirected && !Console.IsErrorRedirected };
return await HostupCommand.RunAsync(args, terminal, stop.Token);
