using Hostup.Linux.Engine;
using Hostup.Linux.Processes;
using Hostup.Linux.Systemd;

namespace Hostup.Linux.Tests.Systemd;

/// <summary>The supervisor's unit, its updater and the updater's timer, with a service manager that knows what wakes what.</summary>
public sealed class SystemdSupervisorTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-supervisor-").FullName;
    private readonly DockerEngine _engine;

    public SystemdSupervisorTests()
    {
        _engine = new DockerEngine(Path.Combine(_root, "none.sock"));
        // A unit is up while its file is there. Who ends the updater half-way makes it start the supervisor, as upstream's does.
        Tool($$"""
            verb=$1; shift
            echo "$verb $*" >> {{_root}}/calls
            for unit in "$@"; do
                case "$unit" in -*) continue;; esac
                if [ "$verb" = is-active ]; then [ -e "{{_root}}/up/$unit" ] && exit 0; exit 3; fi
                if [ "$verb" = show ]; then
                    [ -e "{{_root}}/up/$unit" ] && echo ActiveState=active || echo ActiveState=inactive
                    [ ! -e "{{_root}}/queued/$unit" ] || echo Job=217
                    continue
                fi
                [ -e "{{_root}}/usr/lib/systemd/system/$unit" ] || { echo "Unit $unit not loaded." >&2; exit 5; }
                if [ "$verb" = start ]; then
                    touch "{{_root}}/up/$unit"
                    # Its time since the boot is past, so it elapses at once.
                    case "$unit" in *.timer) touch "{{_root}}/up/${unit%.timer}.service";; esac
                    continue
                fi
                case "$unit" in update-*.service) [ -e "{{_root}}/up/$unit" ] && touch "{{_root}}/up/balena-supervisor.service";; esac
                rm -f "{{_root}}/up/$unit"
            done
            """);
        Directory.CreateDirectory(_root + "/up");
        Directory.CreateDirectory(_root + "/queued");
    }

    public void Dispose()
    {
        _engine.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData("balena-supervisor.service")]
    [InlineData("update-balena-supervisor.timer")]
    [InlineData("update-balena-supervisor.service")]
    [InlineData("balena-supervisor.service", "update-balena-supervisor.service", "update-balena-supervisor.timer")]
    public async Task After_a_stop_nothing_runs_and_no_timer_is_left_to_wake_it(params string[] up)
    {
        Install("balena-supervisor.service", "update-balena-supervisor.service", "update-balena-supervisor.timer");
        foreach (string unit in up)
            File.WriteAllText($"{_root}/up/{unit}", "");

        await Supervisor().StopAsync(default);

        Assert.Empty(Up());
    }

    [Fact]
    public async Task A_start_runs_no_update_and_the_timer_goes_on_when_the_update_is_over()
    {
        InstallAll();
        Start("balena-supervisor.service", "update-balena-supervisor.timer");

        await Supervisor().StopAsync(default);
        await Supervisor().StartAsync(default);
        var waiting = Up();
        await Supervisor().StopAsync(default);
        await Supervisor().StartAsync(default);
        await Supervisor().ResumeUpdatesAsync(default);

        Assert.Equal(["balena-supervisor.service"], waiting);
        Assert.Contains("update-balena-supervisor.timer", Up());
        Assert.False(File.Exists(_root + "/run/hostup/stopped-units"));
    }

    [Fact]
    public async Task A_timer_that_somebody_stopped_stays_so()
    {
        InstallAll();
        Start("balena-supervisor.service");

        await Supervisor().StopAsync(default);
        await Supervisor().StartAsync(default);
        await Supervisor().ResumeUpdatesAsync(default);

        Assert.Equal(["balena-supervisor.service"], Up());
    }

    [Fact]
    public async Task A_supervisor_that_somebody_stopped_stays_so_until_the_next_update()
    {
        InstallAll();

        await Supervisor().StopAsync(default);
        await Supervisor().StartAsync(default);
        await Supervisor().ResumeUpdatesAsync(default);
        var after = Up();
        Start("balena-supervisor.service");
        await Supervisor().StopAsync(default);
        await Supervisor().StartAsync(default);

        Assert.Empty(after);
        Assert.Equal(["balena-supervisor.service"], Up());
    }

    [Fact]
    public async Task A_supervisor_that_waits_in_the_queue_of_a_boot_is_started()
    {
        InstallAll();
        File.WriteAllText(_root + "/queued/balena-supervisor.service", "");

        await Supervisor().StopAsync(default);
        await Supervisor().StartAsync(default);

        Assert.Equal(["balena-supervisor.service"], Up());
    }

    [Fact]
    public async Task The_older_names_and_a_timer_of_the_older_name_are_stopped_and_started_too()
    {
        Install("resin-supervisor.service", "update-resin-supervisor.service", "update-resin-supervisor.timer");
        Start("resin-supervisor.service", "update-resin-supervisor.timer");
        var supervisor = Supervisor();

        await supervisor.StopAsync(default);
        var stopped = Up();
        await supervisor.StartAsync(default);
        var started = Up();
        await supervisor.ResumeUpdatesAsync(default);

        Assert.Empty(stopped);
        Assert.Equal(["resin-supervisor.service"], started);
        Assert.Contains("update-resin-supervisor.timer", Up());
    }

    [Fact]
    public async Task An_OS_without_timer_is_served_too()
    {
        Install("balena-supervisor.service");

        await Supervisor().StartAsync(default);

        Assert.True(await Supervisor().IsRunningAsync(default));
        await Supervisor().StopAsync(default);
        Assert.Empty(Up());
    }

    [Fact]
    public void A_supervisor_that_somebody_masked_is_none()
    {
        Directory.CreateDirectory(_root + "/etc/systemd/system");
        Install("balena-supervisor.service");
        File.CreateSymbolicLink(_root + "/etc/systemd/system/balena-supervisor.service", "/dev/null");

        Assert.False(Supervisor().IsInstalled);
    }

    private SystemdSupervisor Supervisor() => new(new CommandRunner(_root), _engine, _root);

    private void InstallAll() => Install("balena-supervisor.service", "update-balena-supervisor.service", "update-balena-supervisor.timer");

    private void Start(params string[] units)
    {
        foreach (string unit in units)
            File.WriteAllText($"{_root}/up/{unit}", "");
    }

    private string[] Up() => [.. Directory.GetFiles(_root + "/up").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    private void Install(params string[] units)
    {
        Directory.CreateDirectory(_root + "/usr/lib/systemd/system");
        foreach (string unit in units)
            File.WriteAllText($"{_root}/usr/lib/systemd/system/{unit}", "[Unit]\n");
    }

    private void Tool(string script)
    {
        string file = _root + "/usr/bin/systemctl";
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
    }
}
