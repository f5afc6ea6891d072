using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Hostup.Core.Errors;
using Hostup.Oci.Registries;

namespace Hostup.Linux.Network;

/// <summary>
/// The one place that opens connections to other machines: with the owner's certificate authority and proxy, without following redirects, so
/// that no credential leaves for where the server did not stand.
/// </summary>
/// <param name="rootCertificates">Certificate authorities that count besides those of the OS; none: only those.</param>
/// <param name="proxy">HTTP proxy; null: none.</param>
public sealed class ServerConnections(X509Certificate2Collection rootCertificates, Uri? proxy) : IDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(30);

    /// <summary>As long as the server keeps one; who knows that it will not be used again closes it.</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(20);

    /// <summary>Whether TLS sessions are resumed; without it each connection costs the whole handshake.</summary>
    public bool ResumesSessions { get; init; } = true;

    /// <summary>Reads the settings as config.json has them.</summary>
    /// <param name="rootCertificate"><c>balenaRootCA</c>: base64 of one or more certificates in PEM; null or empty: none.</param>
    /// <param name="proxy"><c>httpProxy</c>: address of an HTTP proxy, with user and password where it asks for them; null or empty: none.</param>
    /// <exception cref="HostupException"><c>bad-config</c>.</exception>
    public static ServerConnections Of(string? rootCertificate, string? proxy) => new(Certificates(rootCertificate), Proxy(proxy));

    /// <summary>A client for one server. The caller sets time limits; credentials belong on requests to that server only.</summary>
    public HttpClient Open(DecompressionMethods decompression = DecompressionMethods.None) => new(NewHandler(decompression), disposeHandler: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var certificate in rootCertificates)
            certificate.Dispose();
    }

    /// <summary>A handler with these settings, for a client that counts its bytes.</summary>
    public SocketsHttpHandler NewHandler(DecompressionMethods decompression) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = decompression,
        ConnectTimeout = ConnectLimit,
        PooledConnectionIdleTimeout = IdleLimit,
        // The environment of a unit is no place for settings: only config.json counts.
        UseProxy = proxy is not null,
        Proxy = proxy is null ? null : new WebProxy(proxy) { Credentials = CredentialsOf(proxy) },
        UseCookies = false,
        SslOptions = new SslClientAuthenticationOptions { AllowTlsResume = ResumesSessions, RemoteCertificateValidationCallback = rootCertificates.Count == 0 ? null : IsTrusted },
    };

    /// <summary>A handler for single exchanges far apart: a connection each, in few packets, counted by the meter.</summary>
    public SocketsHttpHandler NewSparingHandler(WireMeter wire)
    {
        var handler = NewHandler(DecompressionMethods.None);
        handler.PooledConnectionLifetime = TimeSpan.Zero;
        return wire.Count(handler, SparingStream.Form);
    }

    // The OS's authorities count as well: a server may move from the owner's authority to a public one. A wrong name is wrong with either.
    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? seen, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is null)
            return false;
        using var server = new X509Certificate2(certificate);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(rootCertificates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // an authority of the owner's own seldom has a list that a device can reach
        foreach (var element in seen?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(server);
    }

    private static X509Certificate2Collection Certificates(string? text)
    {
        var found = new X509Certificate2Collection();
        if (string.IsNullOrWhiteSpace(text))
            return found;
        try
        {
            found.ImportFromPem(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(text.Trim())));
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            throw Bad("balenaRootCA", e.Message, "give the base64 of certificates in PEM", e);
        }
        return found.Count > 0 ? found : throw Bad("balenaRootCA", "it holds no certificate", "give the base64 of certificates in PEM", null);
    }

    private static Uri? Proxy(string? text) => string.IsNullOrWhiteSpace(text) ? null
        : Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var address) && address.Scheme is "http" or "socks5"
            ? address
            : throw Bad("httpProxy", "it is no http or socks5 address", "give it like http://proxy.example.com:3128", null);

    private static NetworkCredential? CredentialsOf(Uri proxy) => proxy.UserInfo.Split(':', 2) is [{ Length: > 0 } user, var password]
        ? new NetworkCredential(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password))
        : null;

    private static HostupException Bad(string key, string why, string whatToDo, Exception? inner) =>
        new(HostupErrors.BadConfig, $"cannot use {key} of config.json", why, whatToDo, inner);
}
