using System.Security.Cryptography;
using Hostup.Core.Releases;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>
/// The device's files with a release's boot-file set among them that nobody has fetched yet: names, lengths and digests as the manifest says.
/// So the space that an update needs is found by the very code that installs the set. Only looked at.
/// </summary>
/// <param name="device">The device's files.</param>
/// <param name="set">The set, as the manifest lists it.</param>
internal sealed class ListedBootFiles(IFiles device, IReadOnlyList<BootFile> set) : IFiles
{
    /// <summary>Where the set seems to lie.</summary>
    public const string Source = "/hostup-listed-boot-files";

    /// <summary>Paths of a set that are installed, as its list has them.</summary>
    public static IEnumerable<string> PathsOf(IReadOnlyList<BootFile> set) => set.Select(f => f.Path).Where(p => !FatNames.IsLeftover(p));

    public bool Exists(string path) => Listed(path) is not null || device.Exists(path);

    public byte[] Read(string path) => Listed(path) is null ? device.Read(path) : throw OnlyListed();

    // Of the set only one digest is known; another algorithm's result has the right length.
    public byte[] Hash(string path, HashAlgorithmName algorithm) => Listed(path) is not { } file ? device.Hash(path, algorithm)
        : algorithm == HashAlgorithmName.SHA256 ? Convert.FromHexString(file.Digest.Hex)
        : new byte[MD5.HashSizeInBytes];

    public long? Length(string path) => Listed(path)?.Size ?? device.Length(path);

    public IReadOnlyList<string> ListFiles(string directory) => directory == Source ? [.. set.Select(f => f.Path).Order(StringComparer.Ordinal)] : device.ListFiles(directory);

    public long FreeBytes(string path) => device.FreeBytes(path);

    public IDisposable OpenForWriting(string mountPoint) => throw OnlyListed();

    public void Create(string path, ReadOnlySpan<byte> content) => throw OnlyListed();

    public void Copy(string from, string to) => throw OnlyListed();

    public void Overwrite(string path, long offset, ReadOnlySpan<byte> bytes) => throw OnlyListed();

    public void CreateDirectory(string path) => throw OnlyListed();

    public void Rename(string from, string to) => throw OnlyListed();

    public bool Exchange(string first, string second) => throw OnlyListed();

    public void Delete(string path) => throw OnlyListed();

    public void DeleteTogether(IReadOnlyList<string> paths) => throw OnlyListed();

    public void DeleteDirectory(string path) => throw OnlyListed();

    public void Flush(string path) => throw OnlyListed();

    public void FlushDirectory(string path) => throw OnlyListed();

    public void FlushFileSystem(string path) => throw OnlyListed();

    private BootFile? Listed(string path) => path.StartsWith(Source + "/", StringComparison.Ordinal) ? set.FirstOrDefault(f => f.Path == path[(Source.Length + 1)..]) : null;

    private static InvalidOperationException OnlyListed() => new("bug: boot files that are only listed cannot be read or written");
}
