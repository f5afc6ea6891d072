using System.Security.Cryptography;
using System.Text;

namespace Hostup.Lab.Cache;

/// <summary>Collects everything that a cached thing is made from and gives it a name that changes when any of it does.</summary>
public sealed class CacheKey
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Adds a value under a name.</summary>
    public CacheKey Add(string name, string value)
    {
        _hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{value.Length}\0{value}\0"));
        return this;
    }

    /// <summary>Adds the content of a file.</summary>
    public CacheKey AddFile(string name, string path)
    {
        using var stream = File.OpenRead(path);
        return Add(name, Convert.ToHexString(SHA256.HashData(stream)));
    }

    /// <summary>Adds names and contents of all files below a folder that <paramref name="wanted"/> accepts; a missing folder adds nothing.</summary>
    public CacheKey AddFolder(string name, string folder, Func<string, bool> wanted)
    {
        if (!Directory.Exists(folder))
            return Add(name, "absent");
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(wanted).Order(StringComparer.Ordinal))
            AddFile(name + "/" + Path.GetRelativePath(folder, path), path);
        return this;
    }

    /// <summary>The name: 16 hexadecimal digits. Ends the collection.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset())[..16];
}
