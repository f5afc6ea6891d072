using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.Config;

/// <summary>
/// config.json on the boot partition. FAT has no journal, so a good copy lies beside it: each of the two is written while the other one is
/// whole, and a file that is torn is read from the other.
/// </summary>
public sealed class ConfigFile(IFiles files)
{
    /// <summary>The file, as upstream names it.</summary>
    public const string FilePath = Places.Boot + "/config.json";

    /// <summary>The good copy.</summary>
    public const string CopyPath = Places.Boot + "/config.json.copy";

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    // A key that is there twice says two things; found here, not when it is asked for.
    private static readonly JsonDocumentOptions OneOfEach = new() { AllowDuplicateProperties = false };

    /// <summary>Reads it; an empty object when there is none.</summary>
    /// <exception cref="HostupException"><c>bad-config</c> when neither file can be read.</exception>
    public JsonObject Load()
    {
        var (main, fault) = TryRead(FilePath);
        return main ?? TryRead(CopyPath).Content ?? (fault is null
            ? []
            : throw new HostupException(HostupErrors.BadConfig, $"cannot read {FilePath}", fault, "restore the file from provisioning"));
    }

    /// <summary>Replaces it. Durable when it returns; a power cut leaves the old or the new content to be read.</summary>
    public void Save(JsonObject content)
    {
        var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json, Indented))
            content.WriteTo(writer);
        byte[] bytes = [.. json.ToArray(), (byte)'\n'];
        // A main file that is torn leaves only the copy: mended first.
        if (TryRead(FilePath) is (null, { }) && TryRead(CopyPath).Content is { } good)
            Write(FilePath, Encoding.UTF8.GetBytes(good.ToJsonString()));
        Write(CopyPath, bytes);
        Write(FilePath, bytes);
    }

    // Opened each time: the kernel makes the file system read-only when it meets what a power cut left of a file.
    private void Write(string path, byte[] bytes)
    {
        using (files.OpenForWriting(Places.Boot))
            AtomicFile.Write(files, path, bytes);
    }

    private (JsonObject? Content, string? Fault) TryRead(string path)
    {
        try
        {
            return files.Length(path) is null ? (null, null)
                : JsonNode.Parse(files.Read(path), documentOptions: OneOfEach) is JsonObject content ? (Readable(content), null)
                : (null, "it is no object");
        }
        catch (Exception e) when (e is JsonException or IOException or InvalidOperationException)
        {
            return (null, e.Message);
        }
    }

    // Names and texts are decoded when they are asked for or written; what is no Unicode is found here, while the copy can take its place.
    private static JsonObject Readable(JsonObject content)
    {
        Decode(content);
        return content;
    }

    private static void Decode(JsonNode? node)
    {
        if (node is JsonObject parts)
        {
            foreach (var (_, part) in parts)
                Decode(part);
        }
        else if (node is JsonArray items)
        {
            foreach (var item in items)
                Decode(item);
        }
        else if (node?.GetValueKind() == JsonValueKind.String)
        {
            node.GetValue<string>();
        }
    }
}
