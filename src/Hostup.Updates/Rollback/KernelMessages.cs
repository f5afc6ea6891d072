using System.Text;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Updates.Rollback;

/// <summary>
/// The last messages of kernels that died, taken from where the kernel keeps them to the state partition: those of a trial beside the cause of its rollback, older ones apart. A record
/// is removed only when it is durable here, because firmware has room for few.
/// </summary>
public static class KernelMessages
{
    /// <summary>Most bytes that are kept, the newest: a report with it crosses an expensive link.</summary>
    public const int MostBytes = 4096;

    /// <summary>Takes what an earlier boot of this trial left. Secondary.</summary>
    /// <returns>Why it could not; null: it did, or there was nothing.</returns>
    public static string? KeepOfTrial(DevicePorts device) => Keep(device, Places.KernelMessages);

    /// <summary>Takes what boots before the trial left, so that it is not held for the trial's. Secondary.</summary>
    /// <returns>As <see cref="KeepOfTrial"/>.</returns>
    public static string? KeepOlder(DevicePorts device) => Keep(device, Places.OlderKernelMessages);

    /// <summary>What kernels said last in the trial that was armed last; null: nothing was kept.</summary>
    public static string? Load(IFiles files) => files.Exists(Places.KernelMessages) ? Encoding.UTF8.GetString(files.Read(Places.KernelMessages)) : null;

    private static string? Keep(DevicePorts device, string path)
    {
        try
        {
            foreach (string record in device.KernelLog.Records)
            {
                string text = Bounded(device.KernelLog.Read(record).TrimEnd() + "\n");
                string kept = device.Files.Exists(path) ? Encoding.UTF8.GetString(device.Files.Read(path)) : "";
                // A cut before it was removed brings it here once more.
                if (!kept.Contains(text, StringComparison.Ordinal))
                    AtomicFile.Write(device.Files, path, Encoding.UTF8.GetBytes(Bounded(kept + text)));
                device.KernelLog.Remove(record);
            }
            return null;
        }
        catch (IOException e)
        {
            return $"cannot keep the last messages of the kernel: {e.Message}";
        }
    }

    // Characters that take more than a byte are rare in a kernel's log; whole lines are kept.
    private static string Bounded(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) <= MostBytes)
            return text;
        string end = text[^Math.Min(text.Length, MostBytes / 2)..];
        return end[(end.IndexOf('\n', StringComparison.Ordinal) + 1)..];
    }
}
