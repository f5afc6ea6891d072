using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Lab.Disks;

namespace Hostup.Lab.Boot;

/// <summary>
/// Judges a boot partition on its way from one release's boot files to another's: old or new set, and in between nothing but whole files, with which the old root still
/// boots.
/// </summary>
/// <param name="before">Shared files of the old set by path.</param>
/// <param name="after">Shared files of the new set by path, kept-back ones as they must stay.</param>
public sealed class BootSets(IReadOnlyDictionary<string, Digest> before, IReadOnlyDictionary<string, Digest> after)
{
    private const string Environment = "EFI/BOOT/grubenv";
    private const string Configuration = "EFI/BOOT/grub.cfg";
    private const string Staged = "hostup-new";
    private const string OldSlot = "2", NewSlot = "3";

    /// <summary>Files of a release's set as they lie in its tree, by path.</summary>
    public static IReadOnlyDictionary<string, Digest> OfTree(string root)
    {
        string set = Path.Combine(root, "resin-boot");
        return System.IO.Directory.EnumerateFiles(set, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(set, f), f => Digest.Of(File.ReadAllBytes(f)));
    }

    /// <summary>Why the device would not boot from it, or boot something that nobody built; null: it boots.</summary>
    public string? FaultOf(FatVolume boot)
    {
        try
        {
            string? slot = GrubEnvironment.Parse(boot.Read(Environment) ?? [])["resin_root_part"];
            if (slot is not (OldSlot or NewSlot))
                return $"the boot settings name slot '{slot}'";
            var files = before.Keys.Union(after.Keys).Order(StringComparer.Ordinal).ToDictionary(p => p, p => boot.Read(p) is { } content ? Digest.Of(content) : (Digest?)null);
            if (files.FirstOrDefault(f => !IsWhole(f.Key, f.Value)) is { Key: { } mixed })
                return $"{mixed} is neither the old nor the new file";
            var old = files.Where(f => after.TryGetValue(f.Key, out var wanted) && f.Value != wanted).Select(f => f.Key).ToList();
            if (slot == NewSlot && old is not [])
                return $"the new slot is booted while {string.Join(", ", old)} is old";
            return old is not [] && !old.Contains(Configuration) && before.GetValueOrDefault(Configuration) != after.GetValueOrDefault(Configuration)
                ? $"the loader's configuration is new before {string.Join(", ", old)}"
                : null;
        }
        catch (Exception e) when (e is InvalidDataException or HostupException)
        {
            return e.Message;
        }
    }

    /// <summary>Whether the new set is there and the old slot is booted: what the OS builder promises to work.</summary>
    public bool IsOldRootWithNewFiles(FatVolume boot) =>
        FaultOf(boot) is null && GrubEnvironment.Parse(boot.Read(Environment) ?? [])["resin_root_part"] == OldSlot && after.All(f => boot.Read(f.Key) is { } content && Digest.Of(content) == f.Value);

    /// <summary>A file that has a second name in the folder of staged ones: what an exchange leaves that was cut in its middle; null: none has.</summary>
    public string? WithTwoNames(FatVolume boot) =>
        (from staged in boot.NamesIn(Staged)
         from path in before.Keys
         where boot.AreOneFile($"{Staged}/{staged}", path)
         select path).FirstOrDefault();

    private bool IsWhole(string path, Digest? content) =>
        content is { } digest ? (before.TryGetValue(path, out var old) && old == digest) || (after.TryGetValue(path, out var wanted) && wanted == digest) : !before.ContainsKey(path);
}
