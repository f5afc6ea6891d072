using System.Buffers.Binary;
using System.Text;

namespace Hostup.Lab.Disks;

/// <summary>
/// A FAT16 file system as a boot loader reads it: by its first table, and by the first entry that bears a name. Nothing is repaired: a file whose chain of clusters is
/// broken cannot be read. Format: Microsoft's FAT specification (fatgen103).
/// </summary>
/// <param name="bytes">The file system; of its head alone, only what lies there can be read.</param>
public sealed class FatVolume(ReadOnlyMemory<byte> bytes)
{
    private const int EntryBytes = 32;
    private const int LongName = 0x0F, Directory = 0x10, Label = 0x08;
    private const int LowerName = 0x08, LowerExtension = 0x10; // Windows NT's and Linux's flags for short names
    private const int FirstCluster = 2, LastOfChain = 0xFFF8;

    private int SectorBytes => U16(11);

    private int TableAt => U16(14) * SectorBytes;

    private int RootAt => TableAt + (bytes.Span[16] * U16(22) * SectorBytes);

    private int ContentAt => RootAt + (U16(17) * EntryBytes);

    private int Clusters => (int)((((U16(19) is > 0 and var small ? small : (long)U32(32)) * SectorBytes) - ContentAt) / ClusterBytes);

    /// <summary>Where the tables of clusters lie, all copies, from the beginning of the file system, and their length.</summary>
    public (long At, long Bytes) Tables => (TableAt, RootAt - TableAt);

    /// <summary>The same of the root directory.</summary>
    public (long At, long Bytes) RootDirectory => (RootAt, ContentAt - RootAt);

    /// <summary>Bytes that are given out at a time.</summary>
    public int ClusterBytes => bytes.Span[13] * SectorBytes;

    /// <summary>Clusters that belong to nothing, in the order in which a file system that was just mounted gives them out.</summary>
    public IReadOnlyList<int> FreeClusters => [.. Enumerable.Range(FirstCluster, Clusters).Where(c => Next(c) == 0)];

    /// <summary>Where a cluster begins, from the beginning of the file system.</summary>
    public long OffsetOf(int cluster) => ContentAt + ((cluster - FirstCluster) * (long)ClusterBytes);

    /// <summary>First cluster of a directory, which holds its names.</summary>
    /// <exception cref="InvalidDataException">It is not there.</exception>
    public int ClusterOfDirectory(string path) => Find(path) is { IsDirectory: true } found ? found.Cluster : throw new InvalidDataException($"{path} is no directory");

    /// <summary>Names in a directory; none when it is not there.</summary>
    /// <exception cref="InvalidDataException">Its chain of clusters is broken.</exception>
    public IReadOnlyList<string> NamesIn(string directory) =>
        Find(directory) is { IsDirectory: true } found ? [.. Entries(Chain(found.Cluster, null, directory)).Select(e => e.Name).Where(n => n is not ("." or ".."))] : [];

    /// <summary>Whether two names show one file: removing one of them would take the clusters of the other.</summary>
    /// <exception cref="InvalidDataException">A chain of clusters on the way to one of them is broken.</exception>
    public bool AreOneFile(string first, string second) =>
        Find(first) is { Cluster: >= FirstCluster } one && Find(second) is { } other && one.Cluster == other.Cluster;

    /// <summary>Content of a file; null: it is not there.</summary>
    /// <exception cref="InvalidDataException">Its chain of clusters is broken, or one on the way to it.</exception>
    public byte[]? Read(string path) => Find(path) is { IsDirectory: false } found ? Chain(found.Cluster, found.Length, path) : null;

    private Entry? Find(string path)
    {
        var names = bytes.Span[RootAt..ContentAt].ToArray();
        Entry? found = null;
        foreach (string part in path.Split('/'))
        {
            if (found is { IsDirectory: false })
                return null;
            if (found is { } directory)
                names = Chain(directory.Cluster, null, path);
            found = Entries(names).FirstOrDefault(e => string.Equals(e.Name, part, StringComparison.OrdinalIgnoreCase));
            if (found is null)
                return null;
        }
        return found;
    }

    private static IEnumerable<Entry> Entries(byte[] names)
    {
        var longName = new SortedDictionary<int, string>();
        int check = -1;
        for (int at = 0; at + EntryBytes <= names.Length && names[at] != 0; at += EntryBytes)
        {
            var entry = names.AsMemory(at, EntryBytes);
            if (names[at] != 0xE5 && names[at + 11] == LongName)
            {
                if ((names[at] & 0x40) != 0)
                    longName.Clear();
                check = names[at + 13];
                longName[names[at] & 0x3F] = LongPart(entry.Span);
                continue;
            }
            if (names[at] != 0xE5 && (names[at + 11] & Label) == 0)
            {
                string name = longName.Count > 0 && check == CheckOf(entry.Span) ? string.Concat(longName.Values).Split('\0')[0] : ShortName(entry.Span);
                yield return new Entry(name, (names[at + 11] & Directory) != 0, BinaryPrimitives.ReadUInt16LittleEndian(entry.Span[26..]), BinaryPrimitives.ReadUInt32LittleEndian(entry.Span[28..]));
            }
            longName.Clear();
        }
    }

    private static string LongPart(ReadOnlySpan<byte> entry)
    {
        byte[] letters = [.. entry[1..11], .. entry[14..26], .. entry[28..32]];
        return Encoding.Unicode.GetString(letters);
    }

    private static byte CheckOf(ReadOnlySpan<byte> entry)
    {
        byte sum = 0;
        foreach (byte letter in entry[..11])
            sum = (byte)((sum >> 1) + (sum << 7) + letter);
        return sum;
    }

    private static string ShortName(ReadOnlySpan<byte> entry)
    {
        string name = Encoding.ASCII.GetString(entry[..8]).TrimEnd();
        string extension = Encoding.ASCII.GetString(entry[8..11]).TrimEnd();
        name = (entry[12] & LowerName) != 0 ? name.ToLowerInvariant() : name;
        extension = (entry[12] & LowerExtension) != 0 ? extension.ToLowerInvariant() : extension;
        return extension.Length > 0 ? $"{name}.{extension}" : name;
    }

    private byte[] Chain(int first, uint? length, string path)
    {
        var content = new MemoryStream();
        int cluster = first;
        for (int passed = 0; length is { } wanted ? content.Length < wanted : cluster < LastOfChain; passed++)
        {
            if (cluster < FirstCluster || cluster >= FirstCluster + Clusters || passed > Clusters)
                throw new InvalidDataException($"the chain of {path} leads to cluster {cluster} after {passed}");
            content.Write(bytes.Span.Slice((int)OffsetOf(cluster), ClusterBytes));
            cluster = Next(cluster);
        }
        return length is { } all ? content.ToArray()[..(int)all] : content.ToArray();
    }

    private int Next(int cluster) => U16(TableAt + (cluster * 2));

    private int U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.Span[at..]);

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[at..]);

    private sealed record Entry(string Name, bool IsDirectory, int Cluster, uint Length);
}
