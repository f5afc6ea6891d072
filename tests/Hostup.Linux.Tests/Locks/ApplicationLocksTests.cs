using System.Diagnostics;
using System.Net.Sockets;
using Hostup.Linux.Locks;

namespace Hostup.Linux.Tests.Locks;

/// <summary>Update locks of applications, with real locks of the kernel and real processes that hold them.</summary>
public sealed class ApplicationLocksTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-applications-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_held_lock_is_told_with_service_and_process()
    {
        string path = Lock("backup");
        Lock("web");
        using var ours = new ApplicationLocks(_root);
        using (var holder = await HoldAsync(path, "--exclusive"))
        {
            var held = Assert.Single(ours.Take(passOver: false));

            Assert.Equal(("backup", path), (held.Name, held.Path));
            Assert.Matches("^process [0-9]+ flock$", held.Holder);
            await ReleaseAsync(holder);
        }
        Assert.Empty(ours.Take(passOver: false));
    }

    [Fact]
    public void A_lock_that_cannot_be_opened_counts_as_held_and_one_that_is_gone_does_not()
    {
        string path = Lock("backup");
        File.Delete(path);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path)); // open(2) answers ENXIO
        using var ours = new ApplicationLocks(_root);

        Assert.Equal("backup", Assert.Single(ours.Take(passOver: false)).Name);
        File.Delete(path);
        Assert.Empty(ours.Take(passOver: false));
    }

    [Fact]
    public async Task Since_when_a_lock_is_held_is_known_to_the_next_process_and_begins_anew_with_the_next_holder()
    {
        string path = Lock("backup");
        var time = new Clock();
        using (var holder = await HoldAsync(path, "--exclusive"))
        {
            Assert.Equal(TimeSpan.Zero, AgeSeenBy(new ApplicationLocks(_root, time: time)));
            time.Now += TimeSpan.FromMinutes(3);
            Assert.Equal(TimeSpan.FromMinutes(3), AgeSeenBy(new ApplicationLocks(_root, time: time)));
            await ReleaseAsync(holder);
        }
        time.Now += TimeSpan.FromMinutes(1);
        using var next = await HoldAsync(path, "--exclusive");

        Assert.Equal(TimeSpan.Zero, AgeSeenBy(new ApplicationLocks(_root, time: time)));

        await ReleaseAsync(next);
    }

    [Fact]
    public async Task A_time_in_which_nobody_looked_and_a_damaged_memory_make_a_lock_young_and_nothing_else()
    {
        var time = new Clock();
        using var holder = await HoldAsync(Lock("backup"), "--exclusive");
        AgeSeenBy(new ApplicationLocks(_root, time: time));
        time.Now += TimeSpan.FromHours(1);

        Assert.Equal(TimeSpan.Zero, AgeSeenBy(new ApplicationLocks(_root, time: time)));

        await File.WriteAllTextAsync(_root + "/run/hostup/held-locks", "99999999999999999999 x\n\n1 2 3");
        Assert.Equal(TimeSpan.Zero, AgeSeenBy(new ApplicationLocks(_root, time: time)));
        await ReleaseAsync(holder);
    }

    [Fact]
    public void All_locks_are_taken_or_none()
    {
        string free = Lock("a");
        string held = Lock("b");
        using var ours = new ApplicationLocks(_root);
        using var others = new ApplicationLocks(_root);
        using (var other = UpdateLock.Take(held))
            Assert.Equal([held], ours.Take(passOver: false).Select(h => h.Path));

        UpdateLock.Take(free).Dispose();
        Assert.Empty(ours.Take(passOver: false));
        Assert.Equal([free, held], others.Take(passOver: false).Select(h => h.Path));
    }

    [Fact]
    public void Locks_that_are_passed_over_leave_the_others_to_us()
    {
        string free = Lock("a");
        string held = Lock("b");
        using var ours = new ApplicationLocks(_root);
        using var others = new ApplicationLocks(_root);
        using var other = UpdateLock.Take(held);

        Assert.Equal([held], ours.Take(passOver: true).Select(h => h.Path));

        Assert.Equal([free, held], others.Take(passOver: false).Select(h => h.Path));
    }

    [Fact]
    public async Task A_shared_lock_delays_nobody()
    {
        string path = Lock("reader");
        using var ours = new ApplicationLocks(_root);
        using var holder = await HoldAsync(path, "--shared");

        Assert.Empty(ours.Take(passOver: false));
        await ReleaseAsync(holder);
    }

    [Theory]
    [InlineData("/tmp/balena-supervisor/services/1/main/resin-updates.lock")]
    [InlineData("/tmp/resin-supervisor/services/1/main/updates.lock")]
    public void Older_names_of_upstream_count_too(string path)
    {
        Make(path);
        using var ours = new ApplicationLocks(_root);
        using var other = UpdateLock.Take(_root + path);

        Assert.Equal("main", Assert.Single(ours.Take(passOver: false)).Name);
    }

    [Theory]
    [InlineData("""{"SUPERVISOR_OVERRIDE_LOCK":true}""", true)]
    [InlineData("""{"RESIN_OVERRIDE_LOCK":"true"}""", true)]
    [InlineData("""{"SUPERVISOR_OVERRIDE_LOCK":"0","OTHER":true}""", false)]
    [InlineData("""{"SUPERVISOR_OVERR""", false)]
    [InlineData("[]", false)]
    public void The_supervisors_own_setting_overrides_locks(string settings, bool overrides)
    {
        Directory.CreateDirectory(_root + "/tmp/balena-supervisor");
        File.WriteAllText(_root + "/tmp/balena-supervisor/target-state-config", settings);
        using var ours = new ApplicationLocks(_root);

        Assert.Equal(overrides, ours.AreOverridden);
    }

    [Fact]
    public void Without_applications_nothing_is_held()
    {
        using var ours = new ApplicationLocks(_root);

        Assert.Empty(ours.Take(passOver: false));
        Assert.False(ours.AreOverridden);
    }

    private static TimeSpan AgeSeenBy(ApplicationLocks process)
    {
        using (process)
            return Assert.Single(process.Take(passOver: false)).Age;
    }

    private string Lock(string service) => Make($"/tmp/balena-supervisor/services/12/{service}/updates.lock");

    private string Make(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        File.WriteAllText(_root + path, "");
        return _root + path;
    }

    /// <summary>Another program that holds a lock until its input ends.</summary>
    private static async Task<Process> HoldAsync(string path, string how)
    {
        var holder = Process.Start(new ProcessStartInfo("/usr/bin/flock", [how, "--nonblock", path, "sh", "-c", "echo held; read line"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync());
        return holder;
    }

    private static async Task ReleaseAsync(Process holder)
    {
        holder.StandardInput.Close();
        await holder.WaitForExitAsync();
    }

    /// <summary>The machine's time since it was switched on.</summary>
    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromHours(5);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
