using Hostup.Core.Errors;

namespace Hostup.Lab.Sim;

/// <summary>A unit that runs one of the rollback programs.</summary>
internal static class SimUnit
{
    /// <summary>A program that fails is started again, as often as its unit says; the boot goes on without it.</summary>
    public static async Task RunAsync(SimDevice device, Func<ValueTask<string>> program, int starts)
    {
        while (starts-- > 0)
        {
            try
            {
                device.Said.Add(await program());
                return;
            }
            catch (Exception e) when (e is IOException or HostupException)
            {
                device.Said.Add(e.Message);
                device.Files.EndProcess();
            }
        }
    }
}
