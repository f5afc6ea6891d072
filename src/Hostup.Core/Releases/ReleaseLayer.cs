using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hostup.Core.Releases;

/// <summary>One layer of a release's image as it travels. A device needs no document of a registry to fetch it.</summary>
public sealed record ReleaseLayer
{
    /// <summary>Digest of the blob.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Bytes of the blob.</summary>
    public required long Size { get; init; }

    /// <summary>Media type of the blob; says how it is compressed.</summary>
    public required string MediaType { get; init; }

    /// <summary>Its gzip members, in order; empty: it is not framed and a download that breaks off begins it anew.</summary>
    public IReadOnlyList<LayerMember> Members { get; init => field = value ?? []; } = [];
}

/// <summary>One gzip member of a layer: a place where a broken download can go on, with a digest of its own.</summary>
/// <param name="Size">Compressed bytes, at most <see cref="MaxSize"/>.</param>
/// <param name="ContentSize">Bytes that it inflates to, at most <see cref="MaxContentSize"/>.</param>
/// <param name="Digest">Digest of the compressed bytes.</param>
[JsonConverter(typeof(LayerMemberJsonConverter))]
public readonly record struct LayerMember(int Size, int ContentSize, Digest Digest)
{
    /// <summary>
    /// A reader holds three members in memory, and after a cut the one that was under way is fetched again: small enough for both, and
    /// large enough that the list stays below 0.02 % of the image.
    /// </summary>
    public const int MaxSize = 512 << 10;

    /// <summary>Bounds what is inflated only to be passed over.</summary>
    public const int MaxContentSize = 8 << 20;

    /// <summary>Reads "SIZE CONTENT-SIZE HEX".</summary>
    public static bool TryParse(string? text, out LayerMember member)
    {
        member = default;
        if (text?.Split(' ') is not [var size, var content, var hex]
            || !int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int bytes) || bytes is 0 or > MaxSize
            || !int.TryParse(content, NumberStyles.None, CultureInfo.InvariantCulture, out int contentBytes) || contentBytes is 0 or > MaxContentSize
            || !Digest.TryParse("sha256:" + hex, out var digest))
            return false;
        member = new LayerMember(bytes, contentBytes, digest);
        return true;
    }

    /// <summary>As in the manifest.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Size} {ContentSize} {Digest.Hex}");
}

/// <summary>A member is one text: the list is the longest part of a manifest.</summary>
internal sealed class LayerMemberJsonConverter : JsonConverter<LayerMember>
{
    public override LayerMember Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && LayerMember.TryParse(reader.GetString(), out var member) ? member : throw new JsonException("a layer member is not 'SIZE CONTENT-SIZE HEX' within its limits");

    public override void Write(Utf8JsonWriter writer, LayerMember value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
