using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core.Errors;

namespace Hostup.Core.Trust;

/// <summary>
/// A signed document: a payload of a named type and signatures over both (DSSE 1.0.2, JSON form). Parsing proves nothing; only
/// <see cref="TrustList.Verify"/> hands out a payload that somebody trusted has signed.
/// </summary>
public sealed class Envelope
{
    /// <summary>Largest envelope that is read: 1 MiB. A release manifest may have 256 KiB; base64 and signatures fit easily.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>Most signatures that are read: 16. Each costs one verification per candidate key.</summary>
    public const int MaxSignatures = 16;

    private Envelope(string payloadType, byte[] payload, IReadOnlyList<EnvelopeSignature> signatures)
    {
        PayloadType = payloadType;
        UnverifiedPayload = payload;
        Signatures = signatures;
    }

    /// <summary>Media type of the payload; it is signed together with the payload.</summary>
    public string PayloadType { get; }

    /// <summary>The payload before anyone has verified it. A device uses what <see cref="TrustList.Verify"/> returns instead.</summary>
    public ReadOnlyMemory<byte> UnverifiedPayload { get; }

    /// <summary>Signatures, in the order of the document.</summary>
    public IReadOnlyList<EnvelopeSignature> Signatures { get; }

    /// <summary>Signs a payload with one key; <see cref="SignedBy"/> adds more.</summary>
    public static Envelope Sign(string payloadType, ReadOnlySpan<byte> payload, SigningKey key) =>
        new Envelope(payloadType, payload.ToArray(), []).SignedBy(key);

    /// <summary>The same document with one more signature.</summary>
    public Envelope SignedBy(SigningKey key) =>
        new(PayloadType, UnverifiedPayload.ToArray(), [.. Signatures, new EnvelopeSignature(key.KeyId, key.Sign(Encode(PayloadType, UnverifiedPayload.Span)))]);

    /// <summary>Reads the JSON form.</summary>
    /// <exception cref="HostupException"><c>signature</c> when it is too large, not an envelope, or has no or too many signatures.</exception>
    public static Envelope Parse(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
            throw Unreadable($"it has {json.Length} bytes, at most {MaxBytes} are read");
        EnvelopeDocument document;
        try
        {
            document = JsonSerializer.Deserialize(json, TrustJson.Default.EnvelopeDocument) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw Unreadable(e.Message, e);
        }
        if (document.Signatures.Contains(null!) || document.Signatures.Count is 0 or > MaxSignatures)
            throw Unreadable($"it has {document.Signatures.Count} signatures, 1 to {MaxSignatures} are read");
        return new Envelope(document.PayloadType, Decode(document.Payload, "payload"),
            [.. document.Signatures.Select(s => new EnvelopeSignature(s.KeyId ?? "", Decode(s.Sig, "signature")))]);
    }

    /// <summary>The JSON form, UTF-8. Its digest is the name of the document on the server.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new EnvelopeDocument
        {
            PayloadType = PayloadType,
            Payload = Convert.ToBase64String(UnverifiedPayload.Span),
            Signatures = [.. Signatures.Select(s => new EnvelopeDocumentSignature { KeyId = s.KeyId, Sig = Convert.ToBase64String(s.Signature.Span) })],
        },
        TrustJson.Default.EnvelopeDocument);

    /// <summary>The bytes that are signed: DSSE's pre-authentication encoding of type and payload.</summary>
    public static byte[] Encode(string payloadType, ReadOnlySpan<byte> payload)
    {
        byte[] type = Encoding.UTF8.GetBytes(payloadType);
        return [.. Encoding.UTF8.GetBytes($"DSSEv1 {type.Length} "), .. type, .. Encoding.UTF8.GetBytes($" {payload.Length} "), .. payload];
    }

    private static byte[] Decode(string text, string what)
    {
        // DSSE allows both alphabets of base64.
        string standard = text.Replace('-', '+').Replace('_', '/');
        if (!Base64.IsValid(standard))
            throw Unreadable($"its {what} is not base64");
        return Convert.FromBase64String(standard);
    }

    private static HostupException Unreadable(string why, Exception? inner = null) =>
        new(HostupErrors.Signature, "cannot read signed document", why, "sign it again with `hostup release sign` or `hostup updater sign`", inner);
}

/// <summary>One signature of an <see cref="Envelope"/>.</summary>
/// <param name="KeyId">Which key made it, as the document claims; a hint only.</param>
/// <param name="Signature">ECDSA signature, DER.</param>
public sealed record EnvelopeSignature(string KeyId, ReadOnlyMemory<byte> Signature);

internal sealed record EnvelopeDocument
{
    public required string PayloadType { get; init; }

    public required string Payload { get; init; }

    public required IReadOnlyList<EnvelopeDocumentSignature> Signatures { get; init; }
}

internal sealed record EnvelopeDocumentSignature
{
    // DSSE spells it in lower case.
    [JsonPropertyName("keyid")]
    public string? KeyId { get; init; }

    public required string Sig { get; init; }
}
