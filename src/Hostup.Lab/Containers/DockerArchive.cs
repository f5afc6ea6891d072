using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Hostup.Lab.Containers;

/// <summary>A container image of one layer as the archive that "docker load" takes.</summary>
/// <param name="Reference">Name and tag, for example <c>hostup-lab/application:1</c>.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="Labels">Labels of the image; another value gives another image id.</param>
public sealed record DockerArchive(string Reference, IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>Writes the archive.</summary>
    /// <param name="path">File to write.</param>
    /// <param name="files">Path inside the image to a file on the builder's machine.</param>
    /// <param name="ct">Ends the making.</param>
    public async Task WriteAsync(string path, IReadOnlyDictionary<string, string> files, CancellationToken ct)
    {
        string layer = path + ".layer";
        await WriteLayerAsync(layer, files, ct);
        byte[] config = Config(await DigestAsync(layer, ct));
        string configName = Convert.ToHexStringLower(SHA256.HashData(config)) + ".json";
        var manifest = new JsonArray(new JsonObject
        {
            ["Config"] = configName,
            ["RepoTags"] = new JsonArray(Reference),
            ["Layers"] = new JsonArray("layer.tar"),
        });
        await using (var archive = new TarWriter(File.Create(path), TarEntryFormat.Pax))
        {
            await AddAsync(archive, configName, new MemoryStream(config), ct);
            await AddAsync(archive, "manifest.json", new MemoryStream(Encoding.UTF8.GetBytes(manifest.ToJsonString())), ct);
            await using var content = File.OpenRead(layer);
            await AddAsync(archive, "layer.tar", content, ct);
        }
        File.Delete(layer);
    }

    private static async Task WriteLayerAsync(string path, IReadOnlyDictionary<string, string> files, CancellationToken ct)
    {
        await using var layer = new TarWriter(File.Create(path), TarEntryFormat.Pax);
        foreach (string folder in (string[])["tmp", "data", "proc", "sys", "dev", "run", "mnt"])
            await layer.WriteEntryAsync(new PaxTarEntry(TarEntryType.Directory, folder + "/")
            { Mode = (UnixFileMode)(folder == "tmp" ? 0x3FF : 0x1ED), ModificationTime = DateTimeOffset.UnixEpoch }, ct);
        foreach (var (target, source) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            await using var content = File.OpenRead(source);
            await AddAsync(layer, target, content, ct);
        }
    }

    private static async Task AddAsync(TarWriter archive, string name, Stream content, CancellationToken ct) =>
        await archive.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name)
        { Mode = (UnixFileMode)0x1ED, ModificationTime = DateTimeOffset.UnixEpoch, DataStream = content }, ct);

    private byte[] Config(string layerDigest)
    {
        var labels = new JsonObject();
        foreach (var (name, value) in Labels)
            labels[name] = value;
        var config = new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["created"] = "1970-01-01T00:00:00Z",
            ["config"] = new JsonObject { ["Cmd"] = new JsonArray([.. Command.Select(c => (JsonNode)c)]), ["WorkingDir"] = "/", [nameof(Labels)] = labels },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray("sha256:" + layerDigest) },
        };
        return Encoding.UTF8.GetBytes(config.ToJsonString());
    }

    private static async Task<string> DigestAsync(string path, CancellationToken ct)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, ct));
    }
}
