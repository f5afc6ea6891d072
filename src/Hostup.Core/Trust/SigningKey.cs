using System.Security.Cryptography;
using Hostup.Core.Errors;

namespace Hostup.Core.Trust;

/// <summary>An ECDSA P-256 key pair that signs releases or updaters. It stays with the OS builder; no server and no device has one.</summary>
/// <remarks>Not thread-safe. Disposing it wipes the key from memory as far as the platform does.</remarks>
public sealed class SigningKey : IDisposable
{
    private readonly ECDsa _key;

    private SigningKey(ECDsa key)
    {
        _key = key;
        Public = VerifyingKey.FromSpki(key.ExportSubjectPublicKeyInfo());
    }

    /// <summary>The half that everybody may know.</summary>
    public VerifyingKey Public { get; }

    /// <summary>SHA-256 of the public key (SPKI, DER), 64 hexadecimal digits.</summary>
    public string KeyId => Public.KeyId;

    /// <summary>Makes a new key from the system's random source.</summary>
    public static SigningKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads an unencrypted private key in PEM (PKCS#8).</summary>
    /// <exception cref="HostupException"><c>bad-value</c> when it is no such key or of another curve.</exception>
    public static SigningKey FromPem(string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (!VerifyingKey.IsP256(key))
                throw new CryptographicException("it is not on the curve P-256");
            return new SigningKey(key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or PlatformNotSupportedException)
        {
            key.Dispose();
            throw new HostupException(HostupErrors.BadValue, "cannot read signing key", e.Message, "give a private key in PEM that `hostup key new` made", e);
        }
    }

    /// <summary>The private key in PEM (PKCS#8), unencrypted.</summary>
    public string ToPem() => _key.ExportPkcs8PrivateKeyPem() + "\n";

    internal byte[] Sign(ReadOnlySpan<byte> content) => _key.SignData(content, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
