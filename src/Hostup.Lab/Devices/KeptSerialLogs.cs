namespace Hostup.Lab.Devices;

/// <summary>The last words of devices that are gone: a failed test is judged after its device has ended.</summary>
internal static class KeptSerialLogs
{
    private const int Kept = 20;

    /// <summary>Copies a serial log to the folder <c>serial-logs</c> beside the folder of the devices' disks.</summary>
    public static void Keep(string serialLog, string diskFolder)
    {
        if (!File.Exists(serialLog))
            return;
        string folder = Directory.CreateDirectory(Path.Combine(diskFolder, "../../serial-logs")).FullName;
        File.Copy(serialLog, Path.Combine(folder, Path.GetFileName(diskFolder) + ".log"), overwrite: true);
        foreach (var old in new DirectoryInfo(folder).EnumerateFiles().OrderByDescending(f => f.LastWriteTimeUtc).Skip(Kept).ToList())
            old.Delete();
    }
}
