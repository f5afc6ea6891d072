using System.CommandLine;
using Hostup.Updates.Rollback;

namespace Hostup.Device.Commands;

/// <summary><c>hostup-device rollback</c>: what the units of a boot after a switch run.</summary>
internal static class RollbackCommand
{
    public static Command Create()
    {
        var altboot = new Command("altboot", "Settle a boot that came back to the old slot; count a trial boot");
        altboot.SetAction(async (_, ct) =>
        {
            using var device = new ThisDevice();
            VerdictLog.Say(device.Ports, await new AltbootRollback(device.Ports).RunAsync(ct).ConfigureAwait(false));
            return ExitCodes.Done;
        });
        var health = new Command("health", "Check the health of an OS on trial, then commit or go back");
        health.SetAction(async (_, ct) =>
        {
            using var device = new ThisDevice();
            VerdictLog.Say(device.Ports, await new HealthRollback(device.Ports).RunAsync(ct).ConfigureAwait(false));
            return ExitCodes.Done;
        });
        var clear = new Command("clear-bootcount", "At an orderly shutdown: this boot did not fail");
        clear.SetAction(_ =>
        {
            using var device = new ThisDevice();
            ClearBootCount.Run(device.Ports);
            return ExitCodes.Done;
        });
        return new Command("rollback", "Programs of a boot after a switch; started by their units") { altboot, health, clear };
    }
}
