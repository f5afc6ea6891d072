using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Updates.Checks;
using Hostup.Updates.Config;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>What a release's boot-file set changes on the boot partition: its files, and upstream's special cases among the kept-back ones.</summary>
/// <param name="files">The device's files.</param>
/// <param name="source">The set: /resin-boot of a root.</param>
/// <param name="keptBack">Paths that an update leaves alone.</param>
internal sealed class WantedBootFiles(IFiles files, string source, IReadOnlySet<string> keptBack)
{
    /// <summary>Below it lie the files of one slot alone.</summary>
    public const string PerSlot = "per-slot/";

    private const string Config = "config.json";
    private const string OldSplash = "splash/resin-logo.png", Splash = "splash/balena-logo.png";

    // upstream installs these kept-back files when they are missing (meta-balena, 1-bootfiles)
    private static readonly string[] InstalledWhenMissing = ["extra_uEnv.txt", "EFI/BOOT/grub_extraenv", "grub/grub_extraenv"];
    private static readonly string[] Fingerprints = ["balenaos.fingerprint", "resinos.fingerprint"];

    /// <summary>Whether a file is written anew on the device with each set: that it differs from what a root ships says nothing.</summary>
    public static bool IsFingerprint(string path) => Fingerprints.Contains(path, StringComparer.OrdinalIgnoreCase);

    /// <summary>Files of the set, leftovers of repair tools left out.</summary>
    public IReadOnlyList<string> Paths { get; } = [.. files.ListFiles(source).Where(p => !FatNames.IsLeftover(p))];

    /// <summary>Shared files that differ, loader configuration last. What is added comes first: a directory without room for a name shows that before a file in use is replaced.</summary>
    public IReadOnlyList<BootFileChange> Changes()
    {
        var changes = Plain().Concat(Outdated()).Concat(SplashLogo()).Concat(DevelopmentMode()).ToList();
        changes.AddRange(Fingerprint(changes));
        return [.. changes.OrderBy(c => c.Wanted is null).ThenBy(c => IsLoaderConfiguration(c.Path)).ThenBy(c => files.Exists(On(c.Path))).ThenBy(c => c.Path, StringComparer.Ordinal)];
    }

    private IEnumerable<BootFileChange> Plain()
    {
        foreach (string path in Paths.Where(p => !p.StartsWith(PerSlot, StringComparison.Ordinal) && !IsFingerprint(p) && IsInstalled(p)))
        {
            var wanted = ContentOf($"{source}/{path}");
            if (!IsThere(path, wanted))
                yield return new BootFileChange(path, wanted);
        }
    }

    // What older releases left and no release has: upstream's script removes it as well.
    private IEnumerable<BootFileChange> Outdated() => (DeviceTypes.Find(DeviceFacts.DeviceTypeOf(files))?.Removes ?? [])
        .Where(p => files.Exists(On(p)) && !keptBack.Contains(p) && !Paths.Contains(p, StringComparer.OrdinalIgnoreCase)).Select(p => new BootFileChange(p, null));

    private bool IsInstalled(string path) =>
        !keptBack.Contains(path) || (InstalledWhenMissing.Contains(path, StringComparer.OrdinalIgnoreCase) && !files.Exists(On(path)));

    // The logo had another name once: an owner's own moves to the new one, the stock one is replaced.
    private IEnumerable<BootFileChange> SplashLogo()
    {
        bool movesAway = !Paths.Contains(OldSplash) || keptBack.Contains(OldSplash);
        if (!keptBack.Contains(Splash) || !Paths.Contains(Splash) || !files.Exists(On(OldSplash)) || !movesAway)
            yield break;
        bool stock = files.Exists($"{Places.OwnBootFiles}/{OldSplash}") && IsThere(OldSplash, ContentOf($"{Places.OwnBootFiles}/{OldSplash}"));
        var wanted = ContentOf(stock ? $"{source}/{Splash}" : On(OldSplash));
        if ((stock || !files.Exists(On(Splash))) && !IsThere(Splash, wanted))
            yield return new BootFileChange(Splash, wanted);
        yield return new BootFileChange(OldSplash, null);
    }

    // The difference between development and production images became a setting.
    private IEnumerable<BootFileChange> DevelopmentMode()
    {
        if (DeviceFacts.OsRelease(files).GetValueOrDefault("VARIANT") != "Development" || !files.Exists(On(Config)))
            yield break;
        if (ReadConfig() is not { } config || config["developmentMode"] is not null)
            yield break;
        config["developmentMode"] = JsonValue.Create(true);
        yield return new BootFileChange(Config, BootFileContent.Of(Encoding.UTF8.GetBytes(config.ToJsonString() + "\n")), Stays: true);
    }

    private JsonObject? ReadConfig()
    {
        try
        {
            return new ConfigFile(files).Load();
        }
        catch (HostupException)
        {
            // Whoever reads it says that it is damaged; nothing is made of it here.
            return null;
        }
    }

    // md5 and path of every file that an update brings, as upstream writes it; variables and settings left out.
    private IEnumerable<BootFileChange> Fingerprint(List<BootFileChange> changes)
    {
        if (Fingerprints.FirstOrDefault(f => Paths.Contains(f)) is not { } name)
            yield break;
        var changed = changes.ToDictionary(c => c.Path, StringComparer.OrdinalIgnoreCase);
        var present = files.ListFiles(Places.Boot).Where(p => !p.StartsWith("hostup-", StringComparison.Ordinal) && !p.StartsWith("slot-", StringComparison.Ordinal));
        var paths = present.Concat(changed.Keys).Distinct(StringComparer.OrdinalIgnoreCase)
            .Where(p => !IsFingerprint(p) && !KeptBack.IsVariable(p) && !KeptBack.IsSetting(p) && !FatNames.IsLeftover(p) && changed.GetValueOrDefault(p) is not { Wanted: null });
        var lines = paths.Order(StringComparer.Ordinal).Select(p => $"{Convert.ToHexStringLower(Md5(p, changed.GetValueOrDefault(p)?.Wanted))}  {p}\n");
        var wanted = BootFileContent.Of(Encoding.UTF8.GetBytes(string.Concat(lines)));
        if (!IsThere(name, wanted))
            yield return new BootFileChange(name, wanted);
    }

    private byte[] Md5(string path, BootFileContent? wanted) => wanted is { Bytes: { } bytes }
#pragma warning disable CA5351 // upstream's format; it protects against nothing but accidents
        ? MD5.HashData(bytes)
#pragma warning restore CA5351
        : files.Hash(wanted?.File ?? On(path), HashAlgorithmName.MD5);

    private bool IsThere(string path, BootFileContent wanted) =>
        files.Length(On(path)) == wanted.Length && Digest.FromHash(files.Hash(On(path), HashAlgorithmName.SHA256)) == wanted.Digest;

    private BootFileContent ContentOf(string file) => new(files.Length(file) ?? 0, Digest.FromHash(files.Hash(file, HashAlgorithmName.SHA256)), file);

    private static string On(string path) => $"{Places.Boot}/{path}";

    private static bool IsLoaderConfiguration(string path) =>
        path.EndsWith("grub.cfg", StringComparison.OrdinalIgnoreCase) || path.EndsWith("extlinux.conf", StringComparison.OrdinalIgnoreCase) || path.EndsWith("boot.scr", StringComparison.OrdinalIgnoreCase);
}
