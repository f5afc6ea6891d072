using Hostup.Device.Agent;
using Hostup.Linux.Processes;

namespace Hostup.Device.Tests.Agent;

public sealed class UpdateUnitTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-unit-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("0::/system.slice/hostup-update.service\n", true, false)]
    [InlineData("0::/user.slice/user-0.slice/session-3.scope\n", true, true)]
    [InlineData("0::/system.slice/hostup-agent.service\n", true, true)]
    [InlineData("0::/\n", false, false)]
    public void The_unit_is_missing_where_a_service_manager_could_start_it_and_did_not(string cgroup, bool systemd, bool missing)
    {
        Directory.CreateDirectory(_root + "/proc/self");
        File.WriteAllText(_root + "/proc/self/cgroup", cgroup);
        if (systemd)
            Directory.CreateDirectory(_root + "/run/systemd/system");

        Assert.Equal(missing, new UpdateUnit(new CommandRunner(), _root).IsMissing);
    }

    [Fact]
    public async Task By_hand_it_gets_private_mounts_and_its_exit_code_is_ours()
    {
        Directory.CreateDirectory(_root + "/usr/bin");
        string program = _root + "/usr/bin/systemd-run";
        await File.WriteAllTextAsync(program, $"#!/bin/sh\necho \"$@\" > {_root}/called\nexit 9\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        int exit = await new UpdateUnit(new CommandRunner(_root)).RunAttachedAsync("/usr/bin/hostup-device", ["--resume"], CancellationToken.None);

        string called = await File.ReadAllTextAsync(_root + "/called");
        Assert.Equal(9, exit);
        foreach (string part in (string[])["--unit=hostup-update", "--property=PrivateMounts=yes", "--property=WatchdogSec=40min", "--property=NotifyAccess=main", "--pipe", "--wait", "/usr/bin/hostup-device update --resume"])
            Assert.Contains(part, called, StringComparison.Ordinal);
    }
}
