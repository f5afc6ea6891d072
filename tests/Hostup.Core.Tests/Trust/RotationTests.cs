using Hostup.Core.Errors;
using Hostup.Core.Trust;

namespace Hostup.Core.Tests.Trust;

/// <summary>How one trust list is replaced by the next.</summary>
public sealed class RotationTests : IDisposable
{
    private readonly SigningKey[] _keys = [.. Enumerable.Range(0, 6).Select(_ => SigningKey.Create())];

    private SigningKey Root => _keys[0];

    private SigningKey NewRoot => _keys[1];

    private SigningKey Release => _keys[2];

    private SigningKey NewRelease => _keys[3];

    public void Dispose() => Array.ForEach(_keys, k => k.Dispose());

    [Fact]
    public void A_list_signed_by_the_old_root_key_replaces_the_old_one_and_revokes_what_it_does_not_name()
    {
        var next = List(1, [Root], [Release]).Follow(Sign(List(2, [Root], [NewRelease]), Root));

        Assert.Equal(2, next.Version);
        Assert.Equal(NewRelease.KeyId, Assert.Single(next[TrustRole.Release].Keys).KeyId);
        Assert.Throws<HostupException>(() => next.Verify(Envelope.Sign("a/b", "x"u8, Release), TrustRole.Release, "a/b"));
    }

    [Fact]
    public void New_root_keys_sign_together_with_the_old_ones()
    {
        var next = List(2, [NewRoot], [Release]);

        Assert.Equal(HostupErrors.Signature, Refusal(List(1, [Root], [Release]), Sign(next, Root)).Code);
        Assert.Equal(HostupErrors.Signature, Refusal(List(1, [Root], [Release]), Sign(next, NewRoot)).Code);
        Assert.Equal(2, List(1, [Root], [Release]).Follow(Sign(next, Root, NewRoot)).Version);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    public void A_list_that_is_not_newer_is_refused(long version) =>
        Assert.Equal(HostupErrors.TrustList, Refusal(List(5, [Root], [Release]), Sign(List(version, [Root], [NewRelease]), Root)).Code);

    [Fact]
    public void A_release_key_cannot_change_the_list() =>
        Assert.Contains("trusted for role release, not root", Refusal(List(1, [Root], [Release]), Sign(List(2, [Release], [Release]), Release)).Why, StringComparison.Ordinal);

    [Fact]
    public void The_old_threshold_of_root_keys_counts_and_then_the_new_one()
    {
        var old = TrustList.Create(new Dictionary<TrustRole, TrustedKeys> { [TrustRole.Root] = new([Root.Public, _keys[4].Public, _keys[5].Public], 2) }, 1);
        var next = TrustList.Create(new Dictionary<TrustRole, TrustedKeys> { [TrustRole.Root] = new([Root.Public, NewRoot.Public], 2) }, 2);

        Assert.Contains("1 of 2", Refusal(old, Sign(next, Root, NewRoot)).Why, StringComparison.Ordinal);
        Assert.Contains("1 of 2", Refusal(old, Sign(next, Root, _keys[4])).Why, StringComparison.Ordinal);
        Assert.Equal(2, old.Follow(Sign(next, Root, _keys[4], NewRoot)).Version);
    }

    [Fact]
    public void A_list_without_root_keys_is_never_replaced() =>
        Assert.Contains("no key is trusted for role root", Refusal(List(1, [], [Release]), Sign(List(2, [Root], [Release]), Root)).Why, StringComparison.Ordinal);

    [Fact]
    public void A_list_that_would_lock_out_its_own_root_is_refused() =>
        Assert.Equal(HostupErrors.Signature, Refusal(List(1, [Root], [Release]), Sign(List(2, [], [Release]), Root)).Code);

    [Fact]
    public void A_trust_list_signed_as_another_kind_of_document_is_refused()
    {
        var envelope = Envelope.Sign("application/vnd.hostup.release.v1+json", List(2, [Root], [Release]).ToJson(), Root);

        Assert.Contains("it holds", Refusal(List(1, [Root], [Release]), envelope).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_survives_writing_and_reading_and_a_list_without_one_is_the_oldest()
    {
        Assert.Equal(7, TrustList.Parse(List(7, [Root], [Release]).ToJson()).Version);
        Assert.Equal(0, TrustList.Parse("{\"roles\":{}}"u8).Version);
        Assert.Equal(HostupErrors.BadConfig, Assert.Throws<HostupException>(() => TrustList.Parse("{\"version\":-1,\"roles\":{}}"u8)).Code);
    }

    private static HostupException Refusal(TrustList old, Envelope next) => Assert.Throws<HostupException>(() => old.Follow(next));

    private static Envelope Sign(TrustList list, params SigningKey[] keys) =>
        keys[1..].Aggregate(Envelope.Sign(TrustList.PayloadType, list.ToJson(), keys[0]), (signed, key) => signed.SignedBy(key));

    private static TrustList List(long version, SigningKey[] root, SigningKey[] release)
    {
        var roles = new Dictionary<TrustRole, TrustedKeys> { [TrustRole.Release] = new([.. release.Select(k => k.Public)], 1) };
        if (root.Length > 0)
            roles[TrustRole.Root] = new([.. root.Select(k => k.Public)], 1);
        return TrustList.Create(roles, version);
    }
}
