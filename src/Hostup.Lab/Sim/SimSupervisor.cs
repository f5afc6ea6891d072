using System.Text;
using Hostup.Updates.Files;
using Hostup.Updates.Supervisor;

namespace Hostup.Lab.Sim;

/// <summary>The supervisor of a simulated device: the settings name its version, and it changes its database as a newer version does.</summary>
public static class SimSupervisor
{
    /// <summary>Version that a device is provisioned with.</summary>
    public const string First = "v14.0.0";

    /// <summary>Where its settings lie.</summary>
    public const string Settings = Places.State + "/root-overlay/etc/balena-supervisor/supervisor.conf";

    /// <summary>Where its database lies.</summary>
    public const string Database = Places.Data + "/resin-data/balena-supervisor/database.sqlite";

    /// <summary>Starts it.</summary>
    /// <returns>Why it cannot live with what it finds; null: it can.</returns>
    internal static string? Start(SimDevice device)
    {
        var settings = SupervisorSettings.Load(device.Files);
        string version = settings?.VersionText ?? "";
        string found = device.Data.Read(Database) is { } content ? Encoding.UTF8.GetString(content) : "";
        string own = $"database of {version}";
        if (version.Length == 0 || found.Length == 0)
            return $"supervisor {version} finds the database '{found}'";
        // Its unit pulls nothing.
        if (!device.Ports.Images.Start(settings!.ImageName))
            return $"the engine does not hold {settings.ImageName}, which the OS starts";
        if (string.CompareOrdinal(found, own) > 0)
            return $"supervisor {version} cannot read the {found}";
        if (found != own)
            device.Data.Provision(Database, Encoding.UTF8.GetBytes(own));
        return null;
    }
}
