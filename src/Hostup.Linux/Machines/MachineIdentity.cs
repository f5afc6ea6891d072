namespace Hostup.Linux.Machines;

/// <summary>What tells this machine from another one that runs a copy of its card: serial number and hardware addresses, for people to find it.</summary>
public static class MachineIdentity
{
    // device tree (boards), DMI (PCs); the latter may hold a filler of the maker's
    private static readonly string[] Serials = ["proc/device-tree/serial-number", "sys/class/dmi/id/product_serial"];
    private static readonly string[] Fillers = ["", "0", "None", "Default string", "To be filled by O.E.M.", "Not Specified", "System Serial Number"];

    /// <summary>Reads it: <c>serial X, 02:00:...</c>; empty when the machine has neither.</summary>
    /// <param name="root">Root of the file system; another folder in tests.</param>
    public static string Read(string root = "/")
    {
        string? serial = Serials.Select(p => Text(Path.Combine(root, p))).FirstOrDefault(s => !Fillers.Contains(s));
        return string.Join(", ", new[] { serial is null ? null : $"serial {serial}", Address(root) }.OfType<string>());
    }

    // The first interface by name that is a device: bridges and container networks are none, and their addresses are random.
    private static string? Address(string root)
    {
        string net = Path.Combine(root, "sys/class/net");
        return !Directory.Exists(net) ? null : Directory.EnumerateDirectories(net).Order(StringComparer.Ordinal)
            .Where(i => Path.Exists(Path.Combine(i, "device")))
            .Select(i => Text(Path.Combine(i, "address"))).FirstOrDefault(a => a.Length > 0);
    }

    private static string Text(string path)
    {
        try
        {
            return File.Exists(path) ? new string([.. File.ReadAllText(path).Where(c => c is >= ' ' and <= '~')]).Trim() : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
