using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Reporting;

namespace Hostup.Device;

/// <summary>What the agent hands to the update process: the server's target and the release's envelope, in files under /run.</summary>
internal sealed record TargetFile(DeviceTarget Target, byte[] Envelope, IReadOnlyList<CauseBytes> Fetched)
{
    public const string Folder = "/run/hostup";
    public const string TargetPath = Folder + "/target.json";
    public const string FetchedPath = Folder + "/fetched.json";
    public const string EnvelopePath = Folder + "/release.json";

    public void Save()
    {
        Directory.CreateDirectory(Folder);
        // The target last: what lies beside it is of its attempt.
        File.Delete(TargetPath);
        File.WriteAllBytes(EnvelopePath, Envelope);
        File.WriteAllBytes(FetchedPath, JsonSerializer.SerializeToUtf8Bytes(Fetched, DeviceJson.Default.IReadOnlyListCauseBytes));
        File.WriteAllBytes(TargetPath, JsonSerializer.SerializeToUtf8Bytes(Target, DeviceJson.Default.DeviceTarget));
    }

    /// <exception cref="HostupException"><c>usage</c> when a file is missing, <c>bad-config</c> when it is malformed.</exception>
    public static TargetFile Load(string targetPath = TargetPath, string envelopePath = EnvelopePath)
    {
        try
        {
            var target = JsonSerializer.Deserialize(File.ReadAllBytes(targetPath), DeviceJson.Default.DeviceTarget) ?? throw new JsonException("it is null");
            return new TargetFile(target, File.ReadAllBytes(envelopePath), FetchedFor(target.AttemptId));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new HostupException(HostupErrors.Usage, "cannot tell what to update to", e.Message, "ask for the update on the server, or name the files with --target and --release", e);
        }
        catch (Exception e) when (MediumFault.Is(e) || e is JsonException)
        {
            throw new HostupException(HostupErrors.BadConfig, $"cannot read target {targetPath}", e.Message, "ask for the update on the server; the agent writes this file", e);
        }
    }

    // The agent's files are of the attempt in its own target file: nothing of it was fetched for another one.
    private static IReadOnlyList<CauseBytes> FetchedFor(string attempt) =>
        File.Exists(FetchedPath) && File.Exists(TargetPath)
        && JsonSerializer.Deserialize(File.ReadAllBytes(TargetPath), DeviceJson.Default.DeviceTarget)?.AttemptId == attempt
            ? JsonSerializer.Deserialize(File.ReadAllBytes(FetchedPath), DeviceJson.Default.IReadOnlyListCauseBytes) ?? []
            : [];
}

/// <summary>JSON that the programs of one device write for each other and for people, source-generated.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(DigestJsonConverter)])]
[JsonSerializable(typeof(DeviceTarget))]
[JsonSerializable(typeof(IReadOnlyList<CauseBytes>))]
[JsonSerializable(typeof(StepProgress))]
[JsonSerializable(typeof(IReadOnlyList<Agent.EndToTell>))]
[JsonSerializable(typeof(Agent.EndToTell))]
[JsonSerializable(typeof(Agent.SentLog))]
[JsonSerializable(typeof(UpdaterArtifact))]
[JsonSerializable(typeof(PolicySettings))]
[JsonSerializable(typeof(ToldPolicy))]
[JsonSerializable(typeof(Commands.StatusAnswer))]
[JsonSerializable(typeof(Commands.ChecksAnswer))]
[JsonSerializable(typeof(Updates.Plan.UpdatePlan))]
internal sealed partial class DeviceJson : JsonSerializerContext;
