using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;

namespace Hostup.Core.Tests.Trust;

public sealed class TrustTests : IDisposable
{
    private const string Type = ReleaseManifest.PayloadType;
    private static readonly byte[] Payload = "{\"version\":\"1.2.3\"}"u8.ToArray();
    private readonly SigningKey _release = SigningKey.Create();
    private readonly SigningKey _second = SigningKey.Create();
    private readonly SigningKey _updater = SigningKey.Create();
    private readonly SigningKey _stranger = SigningKey.Create();

    public void Dispose()
    {
        foreach (var key in (SigningKey[])[_release, _second, _updater, _stranger])
            key.Dispose();
    }

    [Fact]
    public void The_signed_bytes_are_those_of_the_DSSE_specification() =>
        Assert.Equal("DSSEv1 29 http://example.com/HelloWorld 11 hello world", Encoding.UTF8.GetString(Envelope.Encode("http://example.com/HelloWorld", "hello world"u8)));

    [Fact]
    public void A_document_signed_by_a_trusted_key_gives_its_payload()
    {
        var read = Envelope.Parse(Envelope.Sign(Type, Payload, _release).ToJson());

        Assert.Equal(Payload, Trust().Verify(read, TrustRole.Release, Type));
    }

    [Fact]
    public void Base64_of_both_alphabets_is_read()
    {
        byte[] payload = [0xfb, 0xff, 0xfe, 0xff];
        string json = Encoding.UTF8.GetString(Envelope.Sign(Type, payload, _release).ToJson());
        var node = JsonNode.Parse(json)!;
        node["payload"] = "-__-_w==";

        Assert.Equal(payload, Trust().Verify(Envelope.Parse(Encoding.UTF8.GetBytes(node.ToJsonString())), TrustRole.Release, Type));
    }

    public static TheoryData<string, string> Tamperings => new()
    {
        { "payload", "does not fit the content" },
        { "payload-type", "it holds application/evil" },
        { "signature-byte", "does not fit the content" },
        { "signature-empty", "does not fit the content" },
        { "signature-truncated", "does not fit the content" },
        { "key-id-foreign", "no signature is by a key of role release" },
        { "stranger", "no signature is by a key of role release" },
        { "stranger-with-our-key-id", "does not fit the content" },
        { "updater-key", "trusted for role updater, not release" },
        { "other-type-signed", "it holds application/vnd.hostup.updater.v1+json" },
    };

    [Theory]
    [MemberData(nameof(Tamperings))]
    public void A_tampered_document_is_refused_and_the_reason_says_how(string how, string reason)
    {
        var envelope = Tampered(how);

        var error = Assert.Throws<HostupException>(() => Trust().Verify(envelope, TrustRole.Release, Type));

        Assert.Equal(HostupErrors.Signature, error.Code);
        Assert.Contains(reason, error.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"payloadType\":\"x\",\"payload\":\"AA==\"}")]
    [InlineData("{\"payloadType\":\"x\",\"payload\":\"AA==\",\"signatures\":[]}")]
    [InlineData("{\"payloadType\":\"x\",\"payload\":\"AA==\",\"signatures\":null}")]
    [InlineData("{\"payloadType\":\"x\",\"payload\":\"AA==\",\"signatures\":[null]}")]
    [InlineData("{\"payloadType\":\"x\",\"payload\":\"not base64!\",\"signatures\":[{\"sig\":\"AA==\"}]}")]
    [InlineData("{\"payloadType\":\"x\",\"payload\":\"AA==\",\"signatures\":[{\"sig\":\"%\"}]}")]
    [InlineData("{\"payloadType\":\"x\",\"payload\":null,\"signatures\":[{\"sig\":\"AA==\"}]}")]
    [InlineData("{\"payloadType\":\"x\",\"payload\":\"AA==\",\"signatures\":[{\"sig\":\"AA==\"}]")]
    public void What_is_no_envelope_is_refused_as_unreadable(string json) =>
        Assert.Equal(HostupErrors.Signature, Assert.Throws<HostupException>(() => Envelope.Parse(Encoding.UTF8.GetBytes(json))).Code);

    [Fact]
    public void An_envelope_above_its_size_is_refused_before_it_is_read() =>
        Assert.Contains("at most", Assert.Throws<HostupException>(() => Envelope.Parse(new byte[Envelope.MaxBytes + 1])).Why, StringComparison.Ordinal);

    [Fact]
    public void Any_single_changed_byte_of_an_envelope_is_refused_or_changes_nothing()
    {
        byte[] json = Envelope.Sign(Type, Payload, _release).ToJson();
        var trust = Trust();

        for (int i = 0; i < json.Length; i++)
        {
            byte[] changed = [.. json];
            changed[i] ^= 0x01;
            try
            {
                // a changed key id or name of an unknown field changes no meaning
                Assert.Equal(Payload, trust.Verify(Envelope.Parse(changed), TrustRole.Release, Type));
            }
            catch (HostupException e)
            {
                Assert.Equal(HostupErrors.Signature, e.Code);
            }
        }
    }

    [Fact]
    public void A_threshold_counts_different_keys_and_not_signatures()
    {
        var trust = TrustList.Create(new Dictionary<TrustRole, TrustedKeys> { [TrustRole.Release] = new([_release.Public, _second.Public], 2) });
        var twice = Envelope.Sign(Type, Payload, _release).SignedBy(_release);

        var error = Assert.Throws<HostupException>(() => trust.Verify(twice, TrustRole.Release, Type));

        Assert.Contains("1 of 2 required keys", error.Why, StringComparison.Ordinal);
        Assert.Equal(Payload, trust.Verify(Envelope.Sign(Type, Payload, _release).SignedBy(_second), TrustRole.Release, Type));
    }

    [Fact]
    public void A_role_without_an_entry_trusts_nobody() =>
        Assert.Contains("no key is trusted for role root", Assert.Throws<HostupException>(() => Trust().Verify(Envelope.Sign(Type, Payload, _release), TrustRole.Root, Type)).Why, StringComparison.Ordinal);

    [Theory]
    [InlineData("{\"roles\":{\"release\":{\"keys\":[],\"threshold\":1}}}")]
    [InlineData("{\"roles\":{\"release\":{\"keys\":[\"AAAA\"]}}}")]
    [InlineData("{\"roles\":{\"release\":null}}")]
    [InlineData("{}")]
    [InlineData("no json")]
    public void A_malformed_trust_list_is_refused(string json) =>
        Assert.Equal(HostupErrors.BadConfig, Assert.Throws<HostupException>(() => TrustList.Parse(Encoding.UTF8.GetBytes(json))).Code);

    [Fact]
    public void A_threshold_that_cannot_be_met_is_refused() =>
        Assert.Contains("asks for 2 of 1", Assert.Throws<HostupException>(() => TrustList.Create(new Dictionary<TrustRole, TrustedKeys> { [TrustRole.Release] = new([_release.Public, _release.Public], 2) })).Why, StringComparison.Ordinal);

    [Fact]
    public void Roles_of_a_later_version_are_passed_over()
    {
        string json = "{\"roles\":{\"release\":{\"keys\":[\"KEY\"]},\"moon\":{\"keys\":[\"?\"],\"threshold\":9}}}".Replace("KEY", _release.Public.ToBase64(), StringComparison.Ordinal);

        Assert.Equal(_release.KeyId, Assert.Single(TrustList.Parse(Encoding.UTF8.GetBytes(json))[TrustRole.Release].Keys).KeyId);
    }

    [Fact]
    public void Keys_survive_writing_and_reading_and_their_id_is_the_digest_of_the_public_key()
    {
        using var read = SigningKey.FromPem(_release.ToPem());

        Assert.Equal(_release.KeyId, read.KeyId);
        Assert.Equal(_release.KeyId, VerifyingKey.Parse(read.Public.ToPem()).KeyId);
        Assert.Equal(_release.KeyId, Digest.Of(Convert.FromBase64String(read.Public.ToBase64())).Hex);
    }

    [Fact]
    public void Keys_of_another_curve_or_kind_are_refused()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        Assert.Throws<HostupException>(() => SigningKey.FromPem(p384.ExportPkcs8PrivateKeyPem()));
        Assert.Throws<HostupException>(() => SigningKey.FromPem("nonsense"));
        Assert.Throws<HostupException>(() => VerifyingKey.Parse(p384.ExportSubjectPublicKeyInfoPem()));
        Assert.Throws<HostupException>(() => VerifyingKey.Parse(_release.ToPem()));
    }

    [Fact]
    public void An_updater_statement_survives_writing_and_reading()
    {
        var statement = new UpdaterStatement { Version = "1.0.0", Digest = Digest.Of("x"u8), Size = 1, Platform = "linux-x64" };

        Assert.Equal(statement, UpdaterStatement.Parse(statement.ToJson()));
        Assert.Equal(HostupErrors.BadValue, Assert.Throws<HostupException>(() => UpdaterStatement.Parse("{}"u8)).Code);
    }

    private TrustList Trust() => TrustList.Parse(TrustList.Create(new Dictionary<TrustRole, TrustedKeys>
    {
        [TrustRole.Release] = new([_release.Public], 1),
        [TrustRole.Updater] = new([_updater.Public], 1),
    }).ToJson());

    private Envelope Tampered(string how)
    {
        if (how is "stranger" or "updater-key")
            return Envelope.Sign(Type, Payload, how == "stranger" ? _stranger : _updater);
        if (how == "other-type-signed")
            return Envelope.Sign(UpdaterStatement.PayloadType, Payload, _release);
        var node = JsonNode.Parse(Envelope.Sign(Type, Payload, how == "stranger-with-our-key-id" ? _stranger : _release).ToJson())!;
        var signature = node["signatures"]![0]!;
        byte[] bytes = Convert.FromBase64String(signature["sig"]!.GetValue<string>());
        switch (how)
        {
            case "payload": node["payload"] = Convert.ToBase64String("{\"version\":\"9.9.9\"}"u8); break;
            case "payload-type": node["payloadType"] = "application/evil"; break;
            case "signature-empty": signature["sig"] = ""; break;
            case "signature-truncated": signature["sig"] = Convert.ToBase64String(bytes.AsSpan(0, bytes.Length - 1)); break;
            case "stranger-with-our-key-id": signature["keyid"] = _release.KeyId; break;
            case "signature-byte": bytes[^1] ^= 1; signature["sig"] = Convert.ToBase64String(bytes); break;
            case "key-id-foreign": signature["keyid"] = "0000"; bytes[^1] ^= 1; signature["sig"] = Convert.ToBase64String(bytes); break;
        }
        return Envelope.Parse(Encoding.UTF8.GetBytes(node.ToJsonString()));
    }
}
