using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Policies;

namespace Hostup.Updates.Tests.Policies;

/// <summary>When an update fetches and when it reboots, as its policy says; the device's clock begins at midnight UTC.</summary>
public sealed class PolicyTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);
    private static readonly long Whole = New.Files.Sum(f => f.Value.LongLength);
    private readonly SimSource _registry = new("registry", New);

    [Fact]
    public async Task Nothing_is_fetched_before_the_download_window_opens()
    {
        var device = Device(new UpdatePolicy { DownloadWindow = "22:00-04:00 Europe/Berlin" });
        device.Ports.Now = At(12);
        _registry.Clock = () => device.Ports.Now.TimeOfDay;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Contains("waiting for window 22:00-04:00 Europe/Berlin", device.Ports.Notes);
        Assert.InRange(Assert.Single(_registry.AskedAt), TimeSpan.FromHours(21), TimeSpan.FromHours(21.1));
    }

    [Fact]
    public async Task A_window_that_closes_ends_the_fetching_and_the_next_night_goes_on()
    {
        var device = Device(new UpdatePolicy { DownloadWindow = "22:00-04:00" });
        device.Ports.Now = At(22);
        // each look at the link is an hour later
        long? atClose = null;
        long late = 0;
        device.Ports.Meanwhile = state =>
        {
            if (state != AttemptStates.Downloading)
                return;
            atClose = device.Ports.Now.Hour is >= 4 and < 22 ? atClose ?? _registry.Bytes.Received : null;
            late = Math.Max(late, _registry.Bytes.Received - (atClose ?? _registry.Bytes.Received));
            device.Ports.Now += TimeSpan.FromHours(1);
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Contains("waiting for window 22:00-04:00", device.Ports.Notes);
        Assert.Equal(0, late);
        Assert.True(_registry.Bytes.Received < Whole + (4 * device.CheckpointBytes), $"{_registry.Bytes.Received} of {Whole} bytes");
    }

    [Fact]
    public void What_is_said_at_the_device_and_cannot_be_read_is_nothing_said()
    {
        var device = Device(new UpdatePolicy());
        OwnPolicy.Save(device.Files, new PolicySettings { DownloadOnly = true });
        device.Files.UnreadablePath = Places.OwnPolicy;

        Assert.Equal(new PolicySettings(), OwnPolicy.Load(device.Files));
    }

    [Fact]
    public async Task The_supervisor_runs_while_the_window_is_waited_for()
    {
        var device = Device(new UpdatePolicy { DownloadWindow = "22:00-04:00" });
        device.Ports.Now = At(12);
        bool ran = false;
        device.Ports.Meanwhile = state => ran |= state == AttemptStates.Waiting && device.Ports.SupervisorRuns;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.True(ran);
    }

    [Fact]
    public async Task A_clock_that_nobody_has_set_opens_no_window()
    {
        var device = Device(new UpdatePolicy { DownloadWindow = "22:00-04:00" });
        device.Ports.Now = At(23);
        device.Ports.IsSynchronised = false;
        device.Ports.Meanwhile = state => device.Ports.IsSynchronised |= state == AttemptStates.Waiting;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Contains("waiting for the clock to be set, and then for window 22:00-04:00", device.Ports.Notes);
    }

    [Fact]
    public async Task Waiting_for_a_window_does_not_use_up_the_patience()
    {
        var device = Device(new UpdatePolicy { DownloadWindow = "22:00-04:00", PatienceSeconds = 600 });
        device.Ports.Now = At(5);
        _registry.Breaks = 1;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(null, false)]
    public async Task A_metered_network_is_waited_out_where_the_policy_says_so(bool? metered, bool waits)
    {
        var device = Device(new UpdatePolicy { WaitsWhileMetered = true });
        device.Ports.Metered = metered;
        device.Ports.Meanwhile = state => device.Ports.Metered = state == AttemptStates.Waiting ? false : device.Ports.Metered;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(waits, device.Ports.Notes.Contains("waiting for a network that is not metered"));
    }

    [Fact]
    public async Task A_metered_network_is_used_where_the_policy_says_nothing()
    {
        var device = Device(new UpdatePolicy());
        device.Ports.Metered = true;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.DoesNotContain(AttemptStates.Waiting, device.Ports.States);
    }

    [Fact]
    public async Task Fetched_only_stops_at_ready_and_applied_later_it_goes_on_without_fetching()
    {
        var device = Device(new UpdatePolicy { DownloadOnly = true });
        int looks = 0;
        long fetched = 0;
        device.Ports.Meanwhile = state =>
        {
            if (state != AttemptStates.Ready || ++looks != 5000)
                return;
            Assert.Equal(Old, device.RunningRelease);
            Assert.True(device.Ports.SupervisorRuns);
            fetched = _registry.Bytes.Received;
            device.Ports.Policy = new UpdatePolicy();
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Contains("everything is fetched and verified; waiting for `hostup update apply`", device.Ports.Notes);
        Assert.Equal(fetched, _registry.Bytes.Received);
        Assert.Equal(2, device.Ports.States.Count(s => s == AttemptStates.Verifying));
    }

    [Fact]
    public async Task A_spare_that_was_altered_while_it_waited_is_never_booted()
    {
        var device = Device(new UpdatePolicy { DownloadOnly = true });
        int looks = 0;
        device.Ports.Meanwhile = state =>
        {
            if (state != AttemptStates.Ready || ++looks != 5000)
                return;
            device.SlotB.Files!["/etc/os-release"] = "VERSION=9"u8.ToArray();
            device.SlotB.Flush();
            device.Ports.Policy = new UpdatePolicy();
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Failed, device.Outcome);
        Assert.Equal("slot-mismatch", device.End!.Error!.Code.Id);
        Assert.Equal(Old, device.RunningRelease);
    }

    [Fact]
    public async Task A_reboot_while_it_waits_keeps_the_slot()
    {
        var device = Device(new UpdatePolicy { DownloadOnly = true });
        int looks = 0;
        device.Ports.Meanwhile = state =>
        {
            if (state == AttemptStates.Ready && ++looks == 10)
                throw new PowerCutException("while it waits");
            if (looks == 20)
                device.Ports.Policy = new UpdatePolicy();
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(Whole, _registry.Bytes.Received);
    }

    [Fact]
    public async Task The_reboot_waits_for_its_own_window()
    {
        var device = Device(new UpdatePolicy { RebootWindow = "02:00-03:00" });
        device.Ports.Now = At(12);
        var switched = TimeSpan.Zero;
        device.Ports.Meanwhile = state => switched = state == AttemptStates.BootFiles ? device.Ports.Now.TimeOfDay : switched;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.InRange(switched, TimeSpan.FromHours(2), TimeSpan.FromHours(2.1));
        Assert.Contains("waiting for window 02:00-03:00", device.Ports.Notes);
    }

    [Fact]
    public async Task A_lock_that_is_held_until_the_window_has_closed_waits_for_the_next_one()
    {
        var device = Device(new UpdatePolicy { RebootWindow = "02:00-03:00" });
        device.Ports.Now = At(2);
        device.Ports.LockHeldTimes = 1;
        device.Ports.Meanwhile = state => device.Ports.Now += state == AttemptStates.WaitingForLock ? TimeSpan.FromHours(2) : TimeSpan.Zero;
        var switched = DateTimeOffset.MinValue;
        var inner = device.Ports.Meanwhile;
        device.Ports.Meanwhile = state =>
        {
            inner(state);
            switched = state == AttemptStates.BootFiles ? device.Ports.Now : switched;
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.InRange(switched.TimeOfDay, TimeSpan.FromHours(2), TimeSpan.FromHours(3));
        Assert.Equal(At(2).AddDays(1).Date, switched.Date);
    }

    [Fact]
    public async Task What_somebody_says_at_the_device_goes_before_the_server()
    {
        var device = Device(new UpdatePolicy { DownloadOnly = true, RebootWindow = "02:00-03:00" });
        device.Ports.Now = At(12);
        int looks = 0;
        device.Ports.Meanwhile = state =>
        {
            if (state == AttemptStates.Ready && ++looks == 3)
                OwnPolicy.Save(device.Files, new PolicySettings { DownloadOnly = false, RebootWindow = "" });
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(12, device.Ports.Now.Hour);
    }

    [Fact]
    public async Task A_cancel_ends_the_waiting()
    {
        var device = Device(new UpdatePolicy { DownloadOnly = true });
        int looks = 0;
        device.Ports.Meanwhile = state =>
        {
            if (state == AttemptStates.Ready && ++looks == 3)
                device.Ports.CancelAt = AttemptStates.Ready;
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Cancelled, device.Outcome);
        Assert.True(device.Ports.SupervisorRuns);
    }

    private SimDevice Device(UpdatePolicy policy)
    {
        var device = new SimDevice(Old, New) { Sources = [_registry] };
        device.Target = device.Target with { Policy = policy };
        return device;
    }

    private static DateTimeOffset At(int hour) => new(2026, 1, 15, hour, 0, 0, TimeSpan.Zero);
}
