using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Hostup.Device;

/// <summary>The program that runs.</summary>
internal static class ThisProgram
{
    public static string FilePath => Environment.ProcessPath ?? throw new InvalidOperationException("bug: a program without a path");

    public static string Version { get; } = typeof(ThisProgram).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Where it runs: a .NET runtime identifier, as updaters and device states name it.</summary>
    public static string Platform { get; } = $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>Digest of its file.</summary>
    public static Digest ComputeDigest() => DigestOfFile(FilePath);

    public static Digest DigestOfFile(string path)
    {
        using var file = File.OpenRead(path);
        return Digest.FromHash(SHA256.HashData(file));
    }
}
