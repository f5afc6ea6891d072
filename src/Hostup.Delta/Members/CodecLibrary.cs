using System.Runtime.InteropServices;
using Hostup.Core;

namespace Hostup.Delta.Members;

/// <summary>A compression library of the system, and the digest of the very file that is loaded: another version may pack other bytes.</summary>
internal sealed class CodecLibrary(string name)
{
    public const string Lz4 = "liblz4.so.1";
    public const string Zstd = "libzstd.so.1";

    private readonly Lazy<Digest?> _digest = new(() => Load(name));

    /// <summary>Digest of the file; null: the system has none.</summary>
    public Digest? Digest => _digest.Value;

    private static Digest? Load(string name)
    {
        if (!NativeLibrary.TryLoad(name, out _))
            return null;
        // the mapping names the file with its version
        string stem = name[..name.IndexOf(".so", StringComparison.Ordinal)] + ".so";
        string? file = File.ReadLines("/proc/self/maps").Select(l => l[(l.IndexOf('/', StringComparison.Ordinal) is >= 0 and var at ? at : l.Length)..])
            .FirstOrDefault(f => Path.GetFileName(f).StartsWith(stem, StringComparison.Ordinal));
        return file is not null && File.Exists(file) ? Hostup.Core.Digest.Of(File.ReadAllBytes(file)) : null;
    }
}
