using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Slots;

namespace Hostup.Updates.Tests.Steps;

/// <summary>What becomes of a download when links, servers and contents fail: when the same source is tried again, when the next, and what is fetched twice.</summary>
public sealed class SourceChainTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);
    private static readonly long Whole = New.Files.Sum(f => f.Value.LongLength);

    [Fact]
    public async Task A_link_that_breaks_again_and_again_goes_on_where_it_broke()
    {
        var registry = new SimSource("registry", New, breakAfterEntries: 2);
        var device = Device(registry);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.True(registry.Bytes.Received < Whole + (7 * device.CheckpointBytes), $"{registry.Bytes.Received} of {Whole} bytes");
    }

    [Fact]
    public async Task The_fallback_goes_on_where_the_registry_stopped_for_good()
    {
        var registry = new SimSource("registry", New, breakAfterEntries: 4) { ThenGone = true };
        var fallback = new SimSource("fallback", New);
        var device = Device(registry, fallback);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.True(fallback.Bytes.Received < Whole - registry.Bytes.Received + device.CheckpointBytes + 2000, $"registry {registry.Bytes.Received}, fallback {fallback.Bytes.Received} of {Whole}");
    }

    [Fact]
    public async Task Pauses_grow_and_after_four_tries_the_host_is_left_alone_for_longer()
    {
        var registry = new SimSource("registry", New, breakAfterEntries: 0) { Breaks = 6 };
        var device = Device(registry);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        var pauses = registry.AskedAt.Zip(registry.AskedAt.Skip(1), (a, b) => (b - a).TotalSeconds).ToList();
        Assert.InRange(pauses[0], 1, 3);
        Assert.InRange(pauses[1], 2, 6);
        Assert.InRange(pauses[2], 4, 12);
        Assert.InRange(pauses[3], 30, 90);
        Assert.Equal(6, pauses.Count);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(600)]
    public async Task A_server_that_says_when_to_come_back_is_left_alone_until_then(int seconds)
    {
        var registry = new SimSource("registry", New, breakAfterEntries: 0) { Breaks = 1, Refusal = Busy("registry", TimeSpan.FromSeconds(seconds)) };
        var device = Device(registry);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.True(registry.AskedAt[1] - registry.AskedAt[0] >= TimeSpan.FromSeconds(seconds), $"asked again after {registry.AskedAt[1] - registry.AskedAt[0]}");
    }

    /// <summary>The unit ends a process that reported nothing for 40 minutes.</summary>
    [Fact]
    public async Task A_pause_of_hours_is_told_all_the_time()
    {
        var device = Device(new SimSource("registry", New, breakAfterEntries: 0) { Breaks = 1, Refusal = Busy("registry", TimeSpan.FromHours(3)) });
        var told = new List<TimeSpan>();
        device.Ports.Meanwhile = _ => told.Add(device.Device.Clock.Elapsed);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.True(told.Max() - told.Min() >= TimeSpan.FromHours(3), $"told from {told.Min()} to {told.Max()}");
        Assert.All(told.Zip(told.Skip(1)), t => Assert.True(t.Second - t.First < TimeSpan.FromMinutes(1), $"nothing from {t.First} to {t.Second}"));
    }

    [Fact]
    public async Task Sources_on_one_host_are_left_alone_together()
    {
        var registry = new SimSource("registry", New, breakAfterEntries: 0) { Host = "one", Breaks = 1, Refusal = Busy("registry", TimeSpan.FromMinutes(10)) };
        var fallback = new SimSource("fallback", New) { Host = "one" };
        var device = Device(registry, fallback);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Empty(fallback.AskedAt);
    }

    [Theory]
    [InlineData("not-found")]
    [InlineData("unauthorized")]
    [InlineData("registry-answer")]
    public async Task What_a_server_does_not_give_is_asked_of_the_next_at_once_and_not_for_ever(string code)
    {
        var refusal = new HostupException(HostupErrors.All.Single(c => c.Id == code), "cannot fetch", "no", "look");
        var registry = new SimSource("registry", New, breakAfterEntries: 0) { Refusal = refusal, Claims = true };
        var device = Device(registry, new SimSource("fallback", New, breakAfterEntries: 0) { Refusal = refusal, Claims = true });

        await device.RunAsync();

        Assert.Equal("all-sources", device.End!.Error!.Code.Id);
        Assert.InRange(registry.AskedAt.Count, 2, 3);
    }

    [Fact]
    public async Task Wrong_content_is_not_asked_for_again()
    {
        var registry = new SimSource("registry", New, corrupt: true);
        var device = Device(registry);

        await device.RunAsync();

        Assert.Equal("slot-mismatch", device.End!.Error!.Code.Id);
        Assert.Single(registry.AskedAt);
    }

    /// <summary>The whole image of it would be fetched again and again while the other one may still come.</summary>
    [Theory]
    [InlineData("has it", true, 0, 1)]
    [InlineData("comes back", true, 2, 15)]
    [InlineData("is down", false, 119, 122)]
    [InlineData("has it not", false, 1, 10)]
    [InlineData("is wrong too", false, 0, 1)]
    public async Task A_source_that_gave_wrong_content_is_asked_once_whatever_the_other_one_does(string other, bool committed, int leastMinutes, int mostMinutes)
    {
        var wrong = new SimSource("registry", New, corrupt: true);
        var device = Device(wrong, Fallback(other));
        device.Target = device.Target with { Policy = new UpdatePolicy { PatienceSeconds = 7200 } };
        var began = device.Device.Clock.Elapsed;
        TimeSpan fetched = default;
        device.Ports.Meanwhile = _ => fetched = device.Device.Clock.Elapsed;

        await device.RunAsync();

        Assert.Single(wrong.AskedAt);
        Assert.InRange((fetched - began).TotalMinutes, leastMinutes, mostMinutes);
        Assert.Equal(committed ? null : "all-sources", device.End!.Error?.Code.Id);
        Assert.Equal(committed ? AttemptStates.Committed : AttemptStates.Failed, device.Outcome);
        Assert.Equal(committed ? New.Version : Old.Version, device.RunningRelease!.Version);
    }

    [Fact]
    public async Task When_nothing_comes_for_as_long_as_the_policy_waits_the_update_fails_with_every_reason()
    {
        var registry = new SimSource("registry", New, breakAfterEntries: 0);
        var fallback = new SimSource("fallback", New, breakAfterEntries: 0) { Refusal = Busy("fallback", null) };
        var device = new SimDevice(Old, New) { Sources = [registry, fallback] };
        device.Target = device.Target with { Policy = new UpdatePolicy { PatienceSeconds = 7200 } };
        registry.Clock = () => device.Device.Clock.Elapsed;
        var began = device.Device.Clock.Elapsed;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Failed, device.Outcome);
        Assert.Contains("connection refused", device.End!.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("busy", device.End.Error.Message, StringComparison.Ordinal);
        var waited = device.Device.Clock.Elapsed - began;
        Assert.InRange(waited, TimeSpan.FromHours(2), TimeSpan.FromMinutes(121));
        Assert.InRange(registry.AskedAt.Count, 10, 60);
        Assert.True(device.Ports.SupervisorRuns);
    }

    [Fact]
    public async Task A_cancel_ends_a_pause()
    {
        var device = Device(new SimSource("registry", New, breakAfterEntries: 0));
        device.Ports.CancelAt = AttemptStates.Waiting;
        var began = device.Device.Clock.Elapsed;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Cancelled, device.Outcome);
        Assert.True(device.Device.Clock.Elapsed - began < TimeSpan.FromSeconds(10));
    }

    /// <summary>Also when somebody formatted the spare meanwhile.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public async Task What_was_remembered_and_is_not_there_is_written_from_the_beginning(bool formatted)
    {
        var device = Device(new SimSource("registry", New));
        device.SlotB.Format(formatted ? Guid.NewGuid() : Guid.Empty);
        Remember(device, files: 3);
        var remembered = new List<bool>();
        device.Power.Meanwhile = _ =>
        {
            // The new file system may have the old one's id: an attempt has one for its spare.
            if (device.Power.Log[^1] == "wipe spare")
                remembered.Add(SpareProgress.Load(device.Files) is not null);
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal([false], remembered);
    }

    [Fact]
    public async Task A_tree_that_was_continued_and_turns_out_wrong_is_written_once_more_from_the_beginning()
    {
        var registry = new SimSource("registry", New);
        var device = Device(registry);
        device.SlotB.Format(Guid.Empty);
        foreach (var (path, content) in New.Files.Take(3))
            device.SlotB.Files![path] = [.. content.Select(b => (byte)~b)];
        device.SlotB.Flush();
        Remember(device, files: 3);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(2, registry.AskedAt.Count);
        Assert.Equal((Whole, New.Files.Skip(3).Sum(f => f.Value.LongLength)), (registry.Bytes.Received, registry.Retried.Received));
    }

    [Fact]
    public async Task Content_of_another_attempt_for_the_same_image_is_gone_on_with()
    {
        var registry = new SimSource("registry", New);
        var device = Device(registry);
        device.SlotB.Format(Guid.Empty);
        foreach (var (path, content) in New.Files.Take(4))
            device.SlotB.Files![path] = content;
        device.SlotB.Flush();
        Remember(device, files: 4);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(New.Files.Skip(4).Sum(f => f.Value.LongLength), registry.Bytes.Received);
    }

    [Fact]
    public async Task A_process_that_dies_after_each_checkpoint_goes_on_as_long_as_it_advances()
    {
        var device = new SimDevice(Old, New) { CheckpointBytes = 1000 };
        device.Power.KillWhen = KillAfterEachCheckpoint.Of(device);

        await device.RunAsync();

        Assert.True(device.Power.Kills > 8, $"{device.Power.Kills} kills");
        Assert.Equal(AttemptStates.Committed, device.Outcome);
    }

    private static SimSource Fallback(string what) => what switch
    {
        "has it" => new("fallback", New),
        "comes back" => new("fallback", New, breakAfterEntries: 0) { Breaks = 12 },
        "is down" => new("fallback", New, breakAfterEntries: 0),
        "has it not" => new("fallback", New) { Missing = true },
        _ => new("fallback", New, corrupt: true),
    };

    private static void Remember(SimDevice device, int files) => new SpareProgress
    {
        FileSystem = Guid.Empty,
        Image = New.Manifest(2).Image.Digest,
        Place = new(0, files),
        WriterState = files,
        Attempt = "an earlier one",
    }.Save(device.Files);

    private static HostupException Busy(string host, TimeSpan? after) => new(HostupErrors.ServerBusy, $"cannot fetch from {host}", "it is busy", "try again") { RetryAfter = after };

    private static SimDevice Device(params SimSource[] sources)
    {
        var device = new SimDevice(Old, New) { Sources = sources };
        foreach (var source in sources)
            source.Clock = () => device.Device.Clock.Elapsed;
        return device;
    }
}
