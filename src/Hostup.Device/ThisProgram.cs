using System.Reflection;
using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Core.Trust;

namespace Hostup.Device;

/// <summary>The program that runs, and whom it trusts.</summary>
internal static class ThisProgram
{
    private const string TrustPath = "/etc/hostup/trust.json";

    public static string FilePath => Environment.ProcessPath ?? throw new InvalidOperationException("bug: a program without a path");

    public static string Version { get; } = typeof(ThisProgram).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Digest of its file.</summary>
    public static Digest ComputeDigest() => DigestOfFile(FilePath);

    public static Digest DigestOfFile(string path)
    {
        using var file = File.OpenRead(path);
        return Digest.FromHash(SHA256.HashData(file));
    }

    /// <exception cref="HostupException"><c>bad-config</c>.</exception>
    public static TrustList LoadTrust()
    {
        try
        {
            return TrustList.Parse(File.ReadAllBytes(TrustPath));
        }
        catch (IOException e)
        {
            throw new HostupException(HostupErrors.BadConfig, $"cannot read {TrustPath}", e.Message, "the OS image must hold the public keys of its builder", e);
        }
    }
}
