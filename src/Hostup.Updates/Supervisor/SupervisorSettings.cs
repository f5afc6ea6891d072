using System.Text;
using Hostup.Core.Releases;
using Hostup.Updates.Files;

namespace Hostup.Updates.Supervisor;

/// <summary>supervisor.conf: which supervisor the OS starts. It lies on the state partition and is mounted into the root.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Text">Its content.</param>
public sealed record SupervisorSettings(string Path, string Text)
{
    private const string Image = "SUPERVISOR_IMAGE", Version = "SUPERVISOR_VERSION", Tag = "SUPERVISOR_TAG";

    // present and older name of upstream
    private static readonly string[] Paths =
        [Places.State + "/root-overlay/etc/balena-supervisor/supervisor.conf", Places.State + "/root-overlay/etc/resin-supervisor/supervisor.conf"];

    /// <summary>Where upstream's updater puts the same keys for the present boot: its unit reads it after the settings, so it wins until a reboot.</summary>
    public const string UntilReboot = "/tmp/update-supervisor.conf";

    /// <summary>Version that runs in this boot: what upstream's updater started, else what the settings name.</summary>
    public string RunningVersion(IFiles files) =>
        files.Exists(UntilReboot) && new SupervisorSettings(UntilReboot, Encoding.UTF8.GetString(files.Read(UntilReboot))).VersionText is { Length: > 0 } until ? until : VersionText;

    /// <summary>Version that it names, under either of upstream's two keys; empty when there is none.</summary>
    public string VersionText => Value(Version) ?? Value(Tag) ?? "";

    /// <summary>Image that it names, as the engine's commands take it; empty when there is none.</summary>
    public string ImageName => Value(Image) is { } image ? image + (Value(Tag) is { } tag && !image.Contains(':', StringComparison.Ordinal) ? ":" + tag : "") : "";

    /// <summary>Reads it; null when this OS has none.</summary>
    public static SupervisorSettings? Load(IFiles files) =>
        Paths.FirstOrDefault(files.Exists) is { } path ? new SupervisorSettings(path, Encoding.UTF8.GetString(files.Read(path))) : null;

    /// <summary>The same settings for another supervisor; other lines stay.</summary>
    public SupervisorSettings With(string version, EngineImageName image)
    {
        bool tagged = Value(Tag) is not null;
        string name = tagged && image.Tag is not null ? image.LocalName[..^(image.Tag.Length + 1)] : image.LocalName;
        string text = Set(Set(Text, Image, name), tagged ? Tag : Version, tagged ? image.Tag ?? version : version);
        return this with { Text = tagged && Value(Version) is not null ? Set(text, Version, version) : text };
    }

    /// <summary>
    /// Writes it, under both names where both are there: the first boot of an OS with the present name copies the file of the older one, which an OS before it goes on to read.
    /// Durable when it returns.
    /// </summary>
    public void Save(IFiles files)
    {
        foreach (string path in Paths.Where(files.Exists).Append(Path).Distinct())
            AtomicFile.Write(files, path, Encoding.UTF8.GetBytes(Text));
    }

    /// <summary>Whether the settings say this, under each name that is there; so they do where there are none.</summary>
    public static bool Say(IFiles files, string text) => Paths.Where(files.Exists).All(p => Encoding.UTF8.GetString(files.Read(p)) == text);

    private string? Value(string key) =>
        Text.Split('\n').LastOrDefault(l => l.StartsWith(key + "=", StringComparison.Ordinal)) is { } line ? line[(key.Length + 1)..].Trim().Trim('"', '\'') : null;

    private static string Set(string text, string key, string value)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith(key + "=", StringComparison.Ordinal));
        return string.Concat(lines.Append($"{key}={value}").Select(l => l + "\n"));
    }
}
