using Hostup.Core.Errors;
using Hostup.Linux.Power;
using Hostup.Linux.Processes;

namespace Hostup.Linux.Tests.Power;

public sealed class RebootLadderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-ladder-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_reboot_that_does_not_come_is_forced_by_the_service_manager_then_by_the_kernel()
    {
        Tool("usr/bin/systemctl", 0);
        Directory.CreateDirectory(Path.Combine(_root, "proc/sys/kernel"));
        var time = new SteppedTime();

        await new RebootLadder(new CommandRunner(_root), time, _root).ClimbAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["reboot --force", "reboot --force --force"], Calls());
        Assert.Equal("b", await File.ReadAllTextAsync(_root + "/proc/sysrq-trigger", TestContext.Current.CancellationToken));
        Assert.Equal([120, 180, 300, 2], time.Waits.Select(w => w.TotalSeconds));
    }

    [Fact]
    public async Task It_runs_in_a_unit_that_the_shutdown_does_not_stop()
    {
        Tool("usr/bin/systemd-run", 0);

        string? warning = await new RebootLadder(new CommandRunner(_root), TimeProvider.System).ArmAsync("/usr/bin/hostup-device", TestContext.Current.CancellationToken);

        Assert.Null(warning);
        Assert.Contains("--property=DefaultDependencies=no", Calls().Single(), StringComparison.Ordinal);
        Assert.EndsWith("/usr/bin/hostup-device force-reboot", Calls().Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_it_the_orderly_reboot_goes_on_with_a_warning()
    {
        string? warning = await new RebootLadder(new CommandRunner(_root), TimeProvider.System).ArmAsync("/usr/bin/hostup-device", TestContext.Current.CancellationToken);

        Assert.Equal("no forced reboot is armed: it is not installed", warning);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)] // it does not run
    public async Task Called_off_it_is_stopped(int exitCode)
    {
        Tool("usr/bin/systemctl", exitCode);

        await new RebootLadder(new CommandRunner(_root), TimeProvider.System).CallOffAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["stop hostup-force-reboot.service"], Calls());
    }

    [Fact]
    public async Task One_that_cannot_be_stopped_is_told()
    {
        Tool("usr/bin/systemctl", 1);

        var error = await Assert.ThrowsAsync<HostupException>(async () => await new RebootLadder(new CommandRunner(_root), TimeProvider.System).CallOffAsync(TestContext.Current.CancellationToken));

        Assert.Contains("hostup-force-reboot", error.WhatToDo, StringComparison.Ordinal);
    }

    private string[] Calls() => File.ReadAllLines(Path.Combine(_root, "calls"));

    private void Tool(string path, int exitCode)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"#!/bin/sh\necho \"$@\" >> {_root}/calls\nexit {exitCode}\n");
        File.SetUnixFileMode(file, (UnixFileMode)0x1ED);
    }

    /// <summary>Every wait ends at once and is written down.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        public List<TimeSpan> Waits { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.Zero)
                Waits.Add(dueTime);
            return System.CreateTimer(callback, state, dueTime < TimeSpan.Zero ? dueTime : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }
}
