using System.Diagnostics.CodeAnalysis;
using Hostup.Core.Errors;

namespace Hostup.Core.Releases;

/// <summary>Name of an image for the container engine, fixed by its digest: <c>[HOST/]REPOSITORY[:TAG]@sha256:...</c>.</summary>
/// <param name="Host">Registry with an optional port; null: the registry of the server that the device belongs to.</param>
/// <param name="Repository">Repository in it.</param>
/// <param name="Tag">Tag under which the engine is to know it; null: none.</param>
/// <param name="Digest">Digest of its manifest.</param>
public sealed record EngineImageName(string? Host, string Repository, string? Tag, Digest Digest)
{
    /// <summary>Name and tag without the digest, as the engine's own commands take it: <c>[HOST/]REPOSITORY[:TAG]</c>.</summary>
    public string LocalName => (Host is null ? "" : Host + "/") + Repository + (Tag is null ? "" : ":" + Tag);

    /// <summary>Reads a name.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>: it has no digest or no repository.</exception>
    public static EngineImageName Parse(string text)
    {
        int at = text.LastIndexOf('@');
        if (at <= 0 || !Digest.TryParse(text[(at + 1)..], out var digest))
            throw Bad(text, "it does not end with @sha256: and 64 hexadecimal digits");
        string name = text[..at];
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        // as engines tell a registry from the first part of a repository
        string? host = slash > 0 && (name[..slash].AsSpan().ContainsAny('.', ':') || name[..slash] == "localhost") ? name[..slash] : null;
        string rest = host is null ? name : name[(slash + 1)..];
        int colon = rest.LastIndexOf(':');
        string repository = colon < 0 ? rest : rest[..colon];
        return repository.Length > 0 && !repository.AsSpan().ContainsAny(" \t\r\n\"'\\")
            ? new EngineImageName(host, repository, colon < 0 ? null : rest[(colon + 1)..], digest)
            : throw Bad(text, "it has no usable repository");
    }

    /// <summary>Reads a name, where one that is none is somebody else's matter.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out EngineImageName? name)
    {
        try
        {
            name = Parse(text);
            return true;
        }
        catch (HostupException)
        {
            name = null;
            return false;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{LocalName}@{Digest}";

    private static HostupException Bad(string text, string why) =>
        new(HostupErrors.BadValue, $"cannot read image name '{text}'", why, "give it as REPOSITORY:TAG@sha256:DIGEST");
}
