using Hostup.Linux.Files;
using Hostup.Updates.Run;

namespace Hostup.Device;

/// <summary>
/// What the programs of a boot after a switch say, in the log of the attempt that it is about, so that the server has it too. The data partition may not be mounted
/// yet, then it lies in memory, and a reboot before the agent takes it away; the journal has it in any case.
/// </summary>
internal static class VerdictLog
{
    /// <summary>Never fails, and waits for no medium.</summary>
    /// <param name="device">The device.</param>
    /// <param name="sentence">What is said.</param>
    /// <param name="data">The data partition.</param>
    /// <param name="memory">A folder in memory.</param>
    public static void Say(DevicePorts device, string sentence, string data = LogFiles.Data, string memory = LogFiles.Memory)
    {
        if (Attempt(device) is not { } attempt)
        {
            Console.Error.WriteLine(sentence);
            return;
        }
        using var log = new RunLog(attempt, data, memory, onlyMemory: !IsMounted(data));
        log.Line(sentence);
    }

    private static string? Attempt(DevicePorts device)
    {
        try
        {
            return new AttemptLog(device).Records is [{ AttemptId: { } attempt }, ..] ? attempt : null;
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            return null;
        }
    }

    // What is written to the folder below a mount point is hidden as soon as it is mounted.
    private static bool IsMounted(string data)
    {
        try
        {
            return MountTable.Read().Any(m => m.MountPoint == data);
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            return false;
        }
    }
}
