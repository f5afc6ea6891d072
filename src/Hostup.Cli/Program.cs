using System.Runtime.InteropServices;
using Hostup.Cli;

using var stop = new CancellationTokenSource();
// one asks for the end, another one does not wait for it
void Interrupt(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
// Console.In reads on the caller's thread, which then cannot be interrupted
using var input = new StreamReader(Console.OpenStandardInput(), Console.InputEncoding);
var terminal = new Terminal(input, Console.Out, Console.Error) { IsInteractive = !Console.IsInputRedirected && !Console.IsErrorRedirected };
return await HostupCommand.RunAsync(args, terminal, stop.Token);
