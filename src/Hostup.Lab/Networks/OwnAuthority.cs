using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Hostup.Lab.Networks;

/// <summary>A certificate authority of the owner's own, for servers that no OS believes by itself.</summary>
public sealed class OwnAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    /// <summary>Makes one.</summary>
    public OwnAuthority(string name = "owner")
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    /// <summary>Value of <c>balenaRootCA</c> for some authorities.</summary>
    public static string ConfigValue(params OwnAuthority[] authorities) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Join('\n', authorities.Select(a => a._certificate.ExportCertificatePem()))));

    /// <summary>Issues a certificate with its key; the caller disposes it.</summary>
    /// <param name="server">DNS name of the server.</param>
    /// <param name="until">When it ends; null: tomorrow.</param>
    public X509Certificate2 Issue(string server, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={server}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(server);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(_certificate, DateTimeOffset.UtcNow.AddHours(-1), until ?? DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
    }
}
