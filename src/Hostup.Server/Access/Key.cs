using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Hostup.Server.Access;

/// <summary>Keys: 256 random bits after a prefix that says what they are for. A plain SHA-256 is right for a secret of that size.</summary>
internal static class Key
{
    private const string OperatorPrefix = "hko_";
    private const string ProvisioningPrefix = "hkp_";
    private const string DevicePrefix = "hkd_";

    public static string Create(CallerKind kind) => Create(PrefixOf(kind));

    /// <summary>One of another sort: of a session, of an invitation. No caller is let in with it as with a key.</summary>
    public static string Create(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>What a key is for, by its prefix; null: it is none of ours.</summary>
    public static CallerKind? KindOf(string key) =>
        key.StartsWith(OperatorPrefix, StringComparison.Ordinal) ? CallerKind.Operator
        : key.StartsWith(ProvisioningPrefix, StringComparison.Ordinal) ? CallerKind.Provisioning
        : key.StartsWith(DevicePrefix, StringComparison.Ordinal) ? CallerKind.Device
        : null;

    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    public static bool HashFits(string key, string hash) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(key)), Convert.FromHexString(hash));

    private static string PrefixOf(CallerKind kind) => kind switch
    {
        CallerKind.Operator => OperatorPrefix,
        CallerKind.Provisioning => ProvisioningPrefix,
        CallerKind.Device => DevicePrefix,
        _ => throw new InvalidOperationException($"bug: {kind} has no keys"),
    };
}
