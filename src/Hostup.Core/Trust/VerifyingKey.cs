using System.Security.Cryptography;
using Hostup.Core.Errors;

namespace Hostup.Core.Trust;

/// <summary>The public half of a <see cref="SigningKey"/>: ECDSA on P-256 with SHA-256.</summary>
public sealed class VerifyingKey
{
    /// <summary>Longest key text that is read, in characters; a P-256 key has fewer than 200.</summary>
    private const int MaxLength = 4096;

    private readonly byte[] _spki;

    private VerifyingKey(byte[] spki)
    {
        _spki = spki;
        KeyId = Digest.Of(spki).Hex;
    }

    /// <summary>SHA-256 of the key (SPKI, DER), 64 hexadecimal digits.</summary>
    public string KeyId { get; }

    /// <summary>Reads a public key: SPKI as PEM or as plain base64.</summary>
    /// <exception cref="HostupException"><c>bad-value</c> for anything else, private keys included.</exception>
    public static VerifyingKey Parse(string text)
    {
        try
        {
            if (text.Length > MaxLength)
                throw new FormatException($"it has {text.Length} characters, at most {MaxLength} are read");
            if (!text.Contains("-----BEGIN", StringComparison.Ordinal))
                return FromSpki(Convert.FromBase64String(text));
            var fields = PemEncoding.Find(text);
            if (text[fields.Label] != "PUBLIC KEY")
                throw new FormatException($"it holds a {text[fields.Label]}");
            return FromSpki(Convert.FromBase64String(text[fields.Base64Data]));
        }
        // a curve that nobody knows is told as a platform that lacks it
        catch (Exception e) when (e is FormatException or CryptographicException or ArgumentException or PlatformNotSupportedException)
        {
            throw new HostupException(HostupErrors.BadValue, "cannot read public key", e.Message, "give the public key that `hostup key show` prints", e);
        }
    }

    /// <summary>The key as PEM.</summary>
    public string ToPem() => PemEncoding.WriteString("PUBLIC KEY", _spki) + "\n";

    /// <summary>The key as one line of base64 (SPKI, DER).</summary>
    public string ToBase64() => Convert.ToBase64String(_spki);

    internal static VerifyingKey FromSpki(byte[] spki)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(spki, out int read);
        if (read != spki.Length || !IsP256(key))
            throw new CryptographicException("it is not one ECDSA key on the curve P-256");
        // exported again: two encodings of one key are one key, else a threshold of two could be met by one
        return new VerifyingKey(key.ExportSubjectPublicKeyInfo());
    }

    internal static bool IsP256(ECDsa key) => key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value;

    internal bool Verifies(ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(_spki, out _);
        return key.VerifyData(content, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }
}
