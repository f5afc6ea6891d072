using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;

namespace Hostup.Updates.Policies;

/// <summary>What somebody at the device says of the policy; it goes before everything that the server says, and stays until it is taken back.</summary>
public static class OwnPolicy
{
    /// <summary>Reads it; nothing said when there is none or it cannot be read.</summary>
    public static PolicySettings Load(IFiles files)
    {
        try
        {
            if (!files.Exists(Places.OwnPolicy))
                return new PolicySettings();
            return JsonSerializer.Deserialize(files.Read(Places.OwnPolicy), StateJson.Default.PolicySettings) ?? new PolicySettings();
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return new PolicySettings();
        }
    }

    /// <summary>Keeps it. Durable when it returns.</summary>
    public static void Save(IFiles files, PolicySettings settings)
    {
        settings.Require();
        files.CreateDirectory(Places.Hostup);
        AtomicFile.Write(files, Places.OwnPolicy, JsonSerializer.SerializeToUtf8Bytes(settings, StateJson.Default.PolicySettings));
    }
}
