using System.Globalization;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Server.Updaters;

/// <summary>
/// Which deltas to device programs there are: a file for each pair beside the store, so that whatever is lost of it is built again. Contents are blobs.
/// </summary>
internal sealed class UpdaterPacks(ServerOptions options)
{
    private const string None = "none";

    /// <summary>In the place of the digest: it was built, or could not be, and is not offered.</summary>
    private const string NotOffered = "-";

    private string Folder => Path.Combine(options.DataDirectory, "updater-packs");

    private string Marks => Path.Combine(Folder, "blobs");

    /// <summary>Those that give a program, smallest first, of every organisation; null: there are none.</summary>
    public IReadOnlyList<UpdaterPack>? Of(Digest updater)
    {
        string folder = Path.Combine(Folder, updater.Hex);
        if (!Directory.Exists(folder))
            return null;
        var packs = new List<UpdaterPack>();
        foreach (string file in Directory.EnumerateFiles(folder))
            if (File.ReadAllText(file).Split(' ') is [var digest, var bytes] && Digest.TryParse(digest, out var pack) && long.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out long size))
                packs.Add(new UpdaterPack(Digest.TryParse($"sha256:{Path.GetFileName(file)}", out var from) ? from : null, pack, size));
        return packs is [] ? null : [.. packs.OrderBy(p => p.Bytes)];
    }

    /// <summary>Whether a blob is one of them.</summary>
    public bool Has(Digest blob) => File.Exists(MarkOf(blob));

    /// <summary>Every blob that is one of them.</summary>
    public IEnumerable<Digest> Blobs()
    {
        if (!Directory.Exists(Marks))
            yield break;
        foreach (string file in Directory.EnumerateFiles(Marks))
        {
            if (Digest.TryParse($"sha256:{Path.GetFileName(file)}", out var blob))
                yield return blob;
        }
    }

    /// <summary>Whether it is known what came of a pair.</summary>
    public bool IsSettled(Digest updater, Digest? from) => File.Exists(FileOf(updater, from));

    /// <summary>Offers a delta whose blob is in the store.</summary>
    public void Add(Digest updater, UpdaterPack pack)
    {
        Write(MarkOf(pack.Digest), "");
        Write(FileOf(updater, pack.From), string.Create(CultureInfo.InvariantCulture, $"{pack.Digest} {pack.Bytes}"));
    }

    /// <summary>Remembers that a pair has none that is worth it.</summary>
    public void Refuse(Digest updater, Digest? from) => Write(FileOf(updater, from), NotOffered);

    private string FileOf(Digest updater, Digest? from) => Path.Combine(Folder, updater.Hex, from?.Hex ?? None);

    private string MarkOf(Digest blob) => Path.Combine(Marks, blob.Hex);

    /// <summary>Whole or not at all.</summary>
    private static void Write(string file, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        // Beside the folder: who lists it sees only what is whole.
        string part = Path.GetDirectoryName(file) + "." + Ids.New();
        File.WriteAllText(part, content);
        File.Move(part, file, overwrite: true);
    }
}
