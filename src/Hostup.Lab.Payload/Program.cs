using Hostup.Lab.Payload;

using var stop = new CancellationTokenSource();
using var signal = System.Runtime.InteropServices.PosixSignalRegistration.Create(
    System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });
try
{
    switch (args)
    {
        case ["application"]:
            await new Application("/data").RunAsync(stop.Token);
            return 0;
        case ["supervisor"]:
            await Supervisor.RunAsync(stop.Token);
            return 0;
        default:
            await Console.Error.WriteLineAsync("usage: hostup-lab-payload application|supervisor");
            return 2;
    }
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
