using System.Text.Json;
using Hostup.Core.Errors;

namespace Hostup.Core.Trust;

/// <summary>Which keys a device believes, by role, and how many of them must agree: the content of <c>/etc/hostup/trust.json</c>.</summary>
/// <remarks>A list that replaces another one is signed and only ever newer: <see cref="Follow"/>. docs/security.md says why that is enough.</remarks>
public sealed class TrustList
{
    /// <summary>DSSE payload type of a trust list that replaces another one.</summary>
    public const string PayloadType = "application/vnd.hostup.trust.v1+json";

    /// <summary>Most keys of a role that are read: 32.</summary>
    public const int MaxKeys = 32;

    /// <summary>Largest trust list that is read: 256 KiB.</summary>
    public const int MaxBytes = 256 << 10;

    private readonly Dictionary<TrustRole, TrustedKeys> _roles;

    private TrustList(Dictionary<TrustRole, TrustedKeys> roles, long version) => (_roles, Version) = (roles, version);

    /// <summary>Grows with each list; a device never goes back to a lower one. A list that names none has 0.</summary>
    public long Version { get; }

    /// <summary>Roles that the list names.</summary>
    public IReadOnlyCollection<TrustRole> Roles => _roles.Keys;

    /// <summary>Makes a list; a role that is not named trusts nobody.</summary>
    /// <exception cref="HostupException"><c>bad-config</c> when a threshold cannot be met or the version is negative.</exception>
    public static TrustList Create(IReadOnlyDictionary<TrustRole, TrustedKeys> roles, long version = 0)
    {
        if (version < 0)
            throw Unreadable($"its version is {version}; versions begin with 0");
        foreach (var (role, trusted) in roles)
        {
            int distinct = trusted.Keys.Select(k => k.KeyId).Distinct().Count();
            if (trusted.Threshold < 1 || trusted.Threshold > distinct || distinct > MaxKeys)
                throw Unreadable($"role {Name(role)} asks for {trusted.Threshold} of {distinct} keys; the threshold is 1 or more and no more than the keys, at most {MaxKeys} keys");
        }
        return new TrustList(new Dictionary<TrustRole, TrustedKeys>(roles), version);
    }

    /// <summary>Reads the JSON form.</summary>
    /// <exception cref="HostupException"><c>bad-config</c> when it is not a trust list.</exception>
    public static TrustList Parse(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
            throw Unreadable($"it has {json.Length} bytes, at most {MaxBytes} are read");
        try
        {
            var document = JsonSerializer.Deserialize(json, TrustJson.Default.TrustDocument) ?? throw new JsonException("it is null");
            var roles = new Dictionary<TrustRole, TrustedKeys>();
            // a role that a later version knows is none of ours
            foreach (var (name, role) in document.Roles)
            {
                if (role is null)
                    throw new JsonException($"role {name} is null");
                if (Names.TryGetValue(name, out var known))
                    roles[known] = new TrustedKeys([.. role.Keys.Take(MaxKeys + 1).Select(VerifyingKey.Parse)], role.Threshold ?? 1);
            }
            return Create(roles, document.Version ?? 0);
        }
        catch (JsonException e)
        {
            throw Unreadable(e.Message, e);
        }
        catch (HostupException e) when (e.Code == HostupErrors.BadValue)
        {
            throw Unreadable($"a key in it is malformed ({e.Why})", e);
        }
    }

    /// <summary>The JSON form, UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new TrustDocument { Version = Version, Roles = _roles.ToDictionary(r => Name(r.Key), r => new TrustDocumentRole { Keys = [.. r.Value.Keys.Select(k => k.ToBase64())], Threshold = r.Value.Threshold }) },
        TrustJson.Default.TrustDocument);

    /// <summary>Keys and threshold of a role; a role without an entry has no keys.</summary>
    public TrustedKeys this[TrustRole role] => _roles.GetValueOrDefault(role) ?? new TrustedKeys([], 1);

    /// <summary>
    /// The list that replaces this one: signed by enough root keys of this list, and by enough of its own, so that nobody is locked out by a
    /// root key that was never used; and newer.
    /// </summary>
    /// <exception cref="HostupException"><c>signature</c>, <c>trust-list</c> when it is not newer, <c>bad-config</c> when it is no list.</exception>
    public TrustList Follow(Envelope next)
    {
        var list = Parse(Verify(next, TrustRole.Root, PayloadType));
        if (list.Version <= Version)
            throw new HostupException(HostupErrors.TrustList, $"cannot replace trust list {Version}", $"the new one has version {list.Version}", "sign a list with a higher version");
        list.Verify(next, TrustRole.Root, PayloadType);
        return list;
    }

    /// <summary>The payload of a document that enough keys of the role have signed.</summary>
    /// <exception cref="HostupException"><c>signature</c>; its reason names what is wrong: payload type, key, role or threshold.</exception>
    public byte[] Verify(Envelope envelope, TrustRole role, string payloadType)
    {
        if (envelope.PayloadType != payloadType)
            throw Untrusted(role, $"it holds {envelope.PayloadType}, not {payloadType}");
        byte[] signed = Envelope.Encode(envelope.PayloadType, envelope.UnverifiedPayload.Span);
        var trusted = this[role];
        var agreeing = Agreeing(trusted.Keys, envelope, signed);
        if (agreeing.Count >= trusted.Threshold)
            return envelope.UnverifiedPayload.ToArray();
        throw Untrusted(role, agreeing.Count > 0
            ? $"{agreeing.Count} of {trusted.Threshold} required keys signed it ({string.Join(", ", agreeing.Select(Short))})"
            : WhyNobody(role, envelope, signed));
    }

    private static HashSet<string> Agreeing(IReadOnlyList<VerifyingKey> keys, Envelope envelope, byte[] signed) =>
        [.. keys.Where(key => envelope.Signatures.Any(s => key.Verifies(signed, s.Signature.Span))).Select(key => key.KeyId)];

    private string WhyNobody(TrustRole role, Envelope envelope, byte[] signed)
    {
        if (this[role].Keys is [])
            return $"no key is trusted for role {Name(role)}";
        foreach (var (other, trusted) in _roles)
        {
            if (other != role && Agreeing(trusted.Keys, envelope, signed) is { Count: > 0 } keys)
                return $"key {Short(keys.First())} signed it, which is trusted for role {Name(other)}, not {Name(role)}";
        }
        var claimed = envelope.Signatures.FirstOrDefault(s => this[role].Keys.Any(k => k.KeyId == s.KeyId));
        return claimed is not null
            ? $"the signature of key {Short(claimed.KeyId)} does not fit the content"
            : $"no signature is by a key of role {Name(role)} (signed by {string.Join(", ", envelope.Signatures.Select(s => Short(s.KeyId)))}; trusted {string.Join(", ", this[role].Keys.Select(k => Short(k.KeyId)))})";
    }

    private static readonly Dictionary<string, TrustRole> Names = Enum.GetValues<TrustRole>().ToDictionary(Name);

    /// <summary>The name of a role in documents.</summary>
    public static string Name(TrustRole role) => role switch
    {
        TrustRole.Release => "release",
        TrustRole.Updater => "updater",
        TrustRole.Root => "root",
        _ => throw new InvalidOperationException($"bug: role {role} has no name"),
    };

    // a key id of a stranger is text from outside: shortened, and only printable characters of it
    private static string Short(string keyId) => string.Concat(keyId.Where(char.IsAsciiLetterOrDigit).Take(12)) is { Length: > 0 } id ? id : "(no key id)";

    private static HostupException Untrusted(TrustRole role, string why) =>
        new(HostupErrors.Signature, $"cannot trust the signed {Name(role)} document", why, $"sign it with a key that the device's trust.json lists for role {Name(role)}");

    private static HostupException Unreadable(string why, Exception? inner = null) =>
        new(HostupErrors.BadConfig, "cannot read trust list", why, "make it again with `hostup trust make`", inner);
}

/// <summary>Keys of one role.</summary>
/// <param name="Keys">The keys; one listed twice counts once.</param>
/// <param name="Threshold">How many different ones must sign, 1 or more.</param>
public sealed record TrustedKeys(IReadOnlyList<VerifyingKey> Keys, int Threshold);

internal sealed record TrustDocument
{
    public long? Version { get; init; }

    public required Dictionary<string, TrustDocumentRole> Roles { get; init; }
}

internal sealed record TrustDocumentRole
{
    public required IReadOnlyList<string> Keys { get; init; }

    public int? Threshold { get; init; }
}
