using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Device;

/// <summary>The policy of an attempt as the server has it now: a file of the agent under /run that the update process reads.</summary>
internal static class PolicyFile
{
    private const string FilePath = TargetFile.Folder + "/policy.json";

    /// <summary>The policy; null: the agent has heard of none for this attempt.</summary>
    public static UpdatePolicy? Load(string attempt)
    {
        try
        {
            return File.Exists(FilePath) && JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), DeviceJson.Default.ToldPolicy) is { } told && told.AttemptId == attempt ? told.Policy : null;
        }
        catch (Exception e) when (MediumFault.Is(e) || e is JsonException)
        {
            return null;
        }
    }

    /// <summary>Tells the update process; nothing happens when it has been told.</summary>
    /// <returns>Whether it is news.</returns>
    /// <exception cref="HostupException"><c>medium</c>: an update that runs goes by the policy that it has.</exception>
    public static bool Tell(DeviceTarget target)
    {
        if (Load(target.AttemptId) == target.Policy)
            return false;
        try
        {
            Directory.CreateDirectory(TargetFile.Folder);
            File.WriteAllBytes(FilePath + ".new", JsonSerializer.SerializeToUtf8Bytes(new ToldPolicy(target.AttemptId, target.Policy), DeviceJson.Default.ToldPolicy));
            File.Move(FilePath + ".new", FilePath, overwrite: true);
            return true;
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            throw MediumFault.Of("cannot hand the policy to the update", e);
        }
    }
}

/// <summary>What is in the file.</summary>
/// <param name="AttemptId">The attempt.</param>
/// <param name="Policy">Its policy.</param>
internal sealed record ToldPolicy(string AttemptId, UpdatePolicy Policy);
