using System.Security.Cryptography;
using Hostup.Core.Errors;

namespace Hostup.Core;

/// <summary>A SHA-256 digest in OCI notation: <c>sha256:</c> and 64 lower-case hexadecimal digits.</summary>
public readonly record struct Digest
{
    private const string Prefix = "sha256:";
    private readonly string? _text;

    private Digest(string text) => _text = text;

    /// <summary>The 64 hexadecimal digits without the algorithm.</summary>
    public string Hex => ToString()[Prefix.Length..];

    /// <summary>Reads OCI notation.</summary>
    /// <exception cref="HostupException"><c>bad-value</c> for anything else, other algorithms included.</exception>
    public static Digest Parse(string text) => TryParse(text, out var digest)
        ? digest
        : throw new HostupException(HostupErrors.BadValue, $"cannot read digest '{text}'", "it is not 'sha256:' and 64 lower-case hexadecimal digits", "give the digest as the registry prints it");

    /// <summary>Reads OCI notation; false for anything else.</summary>
    public static bool TryParse(string? text, out Digest digest)
    {
        bool good = text is { Length: 71 } && text.StartsWith(Prefix, StringComparison.Ordinal)
            && !text.AsSpan(Prefix.Length).ContainsAnyExcept("0123456789abcdef");
        digest = good ? new Digest(text!) : default;
        return good;
    }

    /// <summary>Hashes a buffer.</summary>
    public static Digest Of(ReadOnlySpan<byte> content) => FromHash(SHA256.HashData(content));

    /// <summary>From 32 bytes of a finished SHA-256.</summary>
    public static Digest FromHash(ReadOnlySpan<byte> hash) => hash.Length == SHA256.HashSizeInBytes
        ? new Digest(Prefix + Convert.ToHexStringLower(hash))
        : throw new InvalidOperationException($"bug: a SHA-256 has 32 bytes, not {hash.Length}");

    /// <summary>OCI notation; the default value has none and throws.</summary>
    public override string ToString() => _text ?? throw new InvalidOperationException("bug: digest without a value");
}
