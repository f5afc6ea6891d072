namespace Hostup.Lab.Devices;

/// <summary>How a virtual device is kept.</summary>
/// <param name="Folder">Folder that gets a folder with its disk and serial log.</param>
/// <param name="Stays">Whether it outlives the process that starts it.</param>
/// <param name="WriteLog">File that receives every write of its disk; null for none.</param>
public sealed record VirtualDeviceOptions(string Folder, bool Stays, string? WriteLog)
{
    /// <summary>Other processes that end with it, for example its server.</summary>
    public IReadOnlyList<ProcessIdentity> Companions { get; init; } = [];

    /// <summary>In the lab's cache, ending with this process, without a log.</summary>
    public static VirtualDeviceOptions In(LabEnvironment lab) => new(Path.Combine(lab.Cache.Root, "devices"), false, null);
}
