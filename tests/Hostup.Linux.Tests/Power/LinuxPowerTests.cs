using Hostup.Core.Errors;
using Hostup.Linux.Power;
using Hostup.Linux.Processes;

namespace Hostup.Linux.Tests.Power;

/// <summary>A hang is to end in a reset: the service manager's watchdog, and the kernel's reset after a panic.</summary>
public sealed class LinuxPowerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-power-").FullName;

    public LinuxPowerTests()
    {
        Put("proc/sys/kernel/panic", "0\n");
        Put("usr/bin/busctl", $"#!/bin/sh\necho \"$@\" >> {_root}/calls\n[ $1 = get-property ] && cat {_root}/armed\nexit 0\n");
        Put("armed", "t 0\n");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_service_manager_is_asked_to_use_the_watchdog()
    {
        Put("dev/watchdog0", "");

        Power().ResetWhenStuck();

        Assert.True(Power().HasWatchdog);
        Assert.EndsWith("RuntimeWatchdogUSec t 60000000", File.ReadAllLines(_root + "/calls")[^1], StringComparison.Ordinal);
        Assert.Equal("5", File.ReadAllText(_root + "/proc/sys/kernel/panic"));
    }

    [Fact]
    public void One_that_is_used_already_and_a_reset_that_is_set_keep_their_limits()
    {
        Put("dev/watchdog", "");
        Put("armed", "t 10000000\n");
        Put("proc/sys/kernel/panic", "30\n");

        Power().ResetWhenStuck();

        Assert.StartsWith("get-property", Assert.Single(File.ReadAllLines(_root + "/calls")), StringComparison.Ordinal);
        Assert.Equal("30\n", File.ReadAllText(_root + "/proc/sys/kernel/panic"));
    }

    [Fact]
    public void A_machine_without_one_is_left_as_it_is()
    {
        Power().ResetWhenStuck();

        Assert.False(Power().HasWatchdog);
        Assert.False(File.Exists(_root + "/calls"));
    }

    [Fact]
    public void A_service_manager_that_cannot_is_no_error()
    {
        Put("dev/watchdog0", "");
        File.Delete(_root + "/usr/bin/busctl");

        Power().ResetWhenStuck();

        Assert.Equal("5", File.ReadAllText(_root + "/proc/sys/kernel/panic"));
    }

    /// <summary>Of a rollback too: there the forced one is all that is left.</summary>
    [Fact]
    public void A_reboot_that_cannot_be_asked_for_leaves_the_forced_one_until_it_is_called_off()
    {
        Put("usr/bin/systemd-run", $"#!/bin/sh\ntouch {_root}/ladder\n");
        Put("usr/bin/systemctl", $"#!/bin/sh\ncase $1 in stop) rm {_root}/ladder ;; is-system-running) echo running ;; *) echo no bus >&2; exit 1 ;; esac\n");

        var error = Assert.Throws<HostupException>(() => Power().Reboot("trial"));

        Assert.Contains("no bus", error.Why, StringComparison.Ordinal);
        Assert.True(File.Exists(_root + "/ladder"));
        Power().CallOffReboot();
        Assert.False(File.Exists(_root + "/ladder"));
    }

    private LinuxPower Power() => new(new CommandRunner(_root), "/usr/bin/hostup-device", _root);

    private void Put(string path, string content)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        File.SetUnixFileMode(file, (UnixFileMode)0b111_101_101);
    }
}
