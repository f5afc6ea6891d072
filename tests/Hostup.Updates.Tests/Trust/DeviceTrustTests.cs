using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Trust;

namespace Hostup.Updates.Tests.Trust;

/// <summary>Where the list of trusted keys lives on a device, and that it never goes back.</summary>
public sealed class DeviceTrustTests : IDisposable
{
    private readonly SigningKey _root = SigningKey.Create();
    private readonly SigningKey _old = SigningKey.Create();
    private readonly SigningKey _new = SigningKey.Create();

    public void Dispose() => Array.ForEach([_root, _old, _new], k => k.Dispose());

    [Fact]
    public void Without_another_list_the_one_of_the_OS_counts() => Assert.Equal(1, Trust(Device(1)).Load().Version);

    [Fact]
    public void A_signed_list_replaces_it_and_stays()
    {
        var device = Device(1);

        Trust(device).Accept(Signed(2));

        Assert.Equal(2, Trust(device).Load().Version);
        Assert.Equal(_new.KeyId, Assert.Single(Trust(device).Load()[TrustRole.Release].Keys).KeyId);
    }

    [Fact]
    public void A_list_is_followed_by_its_successors_one_by_one()
    {
        var device = Device(1);

        Trust(device).Accept(Signed(2));
        Trust(device).Accept(Signed(5));

        Assert.Equal(5, Trust(device).Load().Version);
        Assert.Equal(HostupErrors.TrustList, Assert.Throws<HostupException>(() => Trust(device).Accept(Signed(5))).Code);
        Assert.Equal(HostupErrors.TrustList, Assert.Throws<HostupException>(() => Trust(device).Accept(Signed(2))).Code);
    }

    [Fact]
    public void An_OS_with_a_newer_list_counts_while_it_runs()
    {
        var device = Device(3);
        device.State.Provision(Places.TrustList, List(2).ToJson());

        Assert.Equal(3, Trust(device).Load().Version);
    }

    [Theory]
    [InlineData(Places.TrustList)]
    [InlineData(Places.TrustVersion)]
    public void A_medium_that_fails_brings_no_older_list_back(string unreadable)
    {
        var device = Device(1);
        Trust(device).Accept(Signed(2));
        device.Files.UnreadablePath = unreadable;

        Assert.Equal(HostupErrors.TrustList, Assert.Throws<HostupException>(() => Trust(device).Load()).Code);
    }

    [Fact]
    public async Task The_list_of_a_committed_OS_outlives_its_rollback()
    {
        var committed = SimRelease.Make("2.101.0", SimBehaviour.Good, trust: List(4).ToJson());
        var device = await new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good, trust: List(1).ToJson()), committed).RunAsync();
        Assert.Equal(AttemptStates.Committed, device.Outcome);

        // the operator goes back to the old OS: its own list is the old one
        device.RunningSlot.Files!["etc/hostup/trust.json"] = List(1).ToJson();

        Assert.Equal(4, Trust(device).Load().Version);
    }

    [Fact]
    public async Task The_list_of_an_OS_that_failed_its_trial_is_forgotten_with_it()
    {
        var sick = SimRelease.Make("2.101.0", SimBehaviour.Unhealthy, trust: List(4).ToJson());

        var device = await new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good, trust: List(1).ToJson()), sick).RunAsync();

        Assert.Equal(AttemptStates.RolledBack, device.Outcome);
        Assert.Equal(1, Trust(device).Load().Version);
    }

    [Fact]
    public void A_damaged_list_brings_no_revoked_key_back_and_is_mended_by_the_same_documents()
    {
        var device = Device(1);
        Trust(device).Accept(Signed(2));
        device.State.Provision(Places.TrustList, "{\"version\": 9, "u8.ToArray());

        var refusal = Assert.Throws<HostupException>(() => Trust(device).Load());
        Assert.Equal(HostupErrors.TrustList, refusal.Code);
        Assert.Contains("had list 2", refusal.Why, StringComparison.Ordinal);

        Trust(device).Accept(Signed(2));
        Assert.Equal(2, Trust(device).Load().Version);
    }

    [Theory, InlineData(""), InlineData("2x"), InlineData("-1")]
    public void A_damaged_number_is_told_by_the_list_and_without_both_nothing_is_believed(string number)
    {
        var device = Device(1);
        Trust(device).Accept(Signed(2));
        device.State.Provision(Places.TrustVersion, System.Text.Encoding.ASCII.GetBytes(number));
        Assert.Equal(2, Trust(device).Load().Version);

        device.State.Provision(Places.TrustList, "{\"version\": 9, "u8.ToArray());
        Assert.Equal(HostupErrors.TrustList, Assert.Throws<HostupException>(() => Trust(device).Load()).Code);
        // A committed OS makes its own list no floor for what was lost.
        Trust(device).KeepImageList();
        Assert.Equal(HostupErrors.TrustList, Assert.Throws<HostupException>(() => Trust(device).Load()).Code);

        Trust(device).Accept(Signed(2));
        device.State.Provision(Places.TrustList, "{\"version\": 9, "u8.ToArray());
        Assert.Contains("had list 2", Assert.Throws<HostupException>(() => Trust(device).Load()).Why, StringComparison.Ordinal);
    }

    [Theory, InlineData(Unflushed.Lost), InlineData(Unflushed.Kept), InlineData(Unflushed.Torn)]
    public async Task A_power_cut_while_a_list_is_replaced_leaves_the_old_or_the_new_one(Unflushed unflushed)
    {
        var whole = Device(1, unflushed, []);
        int before = whole.Power.Effects;
        Trust(whole).Accept(Signed(2));
        int effects = whole.Power.Effects - before;
        Assert.True(effects >= 8, $"{effects} effects");

        for (int cut = before + 1; cut <= before + effects; cut++)
        {
            var device = Device(1, unflushed, [cut]);
            Assert.ThrowsAny<Exception>(() => Trust(device).Accept(Signed(2)));
            await device.CutAtRestAsync();

            Assert.Contains(Trust(device).Load().Version, (long[])[1, 2]);
            if (Trust(device).Load().Version == 1)
                Trust(device).Accept(Signed(2));
            Assert.Equal(2, Trust(device).Load().Version);
        }
    }

    [Fact]
    public void The_floor_of_the_clock_only_grows()
    {
        var device = Device(1);
        var later = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.FromHours(2));

        ClockFloor.Raise(device.Files, later);
        ClockFloor.Raise(device.Files, later.AddYears(-1));

        Assert.Equal(later, ClockFloor.Read(device.Files));
    }

    private static DeviceTrust Trust(SimDevice device) => new(device.Files);

    private SimDevice Device(long version, Unflushed unflushed = Unflushed.Lost, IReadOnlyList<int>? cuts = null)
    {
        var release = SimRelease.Make("2.100.0", SimBehaviour.Good, trust: List(version).ToJson());
        return new SimDevice(release, release, unflushed, cuts);
    }

    private Envelope Signed(long version) => Envelope.Sign(TrustList.PayloadType, List(version).ToJson(), _root);

    private TrustList List(long version) => TrustList.Create(new Dictionary<TrustRole, TrustedKeys>
    {
        [TrustRole.Root] = new([_root.Public], 1),
        [TrustRole.Release] = new([(version == 1 ? _old : _new).Public], 1),
    }, version);
}
