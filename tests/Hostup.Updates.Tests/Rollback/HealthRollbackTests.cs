using Hostup.Lab.Sim;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.Rollback;

/// <summary>What the new OS is judged by: required and wanted checks, against what the old OS passed.</summary>
public sealed class HealthRollbackTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    [Fact]
    public async Task A_wanted_check_that_fails_is_a_warning_and_commits()
    {
        var device = await RunAsync((_, _) => new HealthResult("disk", Required: false, Passed: false, "sda wears out"));

        Assert.Equal("committed", device.Outcome);
        Assert.Equal("warning: health check `disk` failed 3 times: sda wears out", Message(device));
    }

    [Fact]
    public async Task A_required_check_that_fails_rolls_back_and_the_cause_names_it_alone()
    {
        var device = await RunAsync((release, _) => new HealthResult("modem", Required: true, release == Old, "no carrier"), (_, _) => new HealthResult("disk", Required: false, Passed: false, "sda wears out"));

        Assert.Equal("rolled-back", device.Outcome);
        Assert.Equal("health check `modem` failed 3 times: no carrier", Message(device));
        Assert.Equal("2.100.0", device.RunningRelease!.Version);
    }

    [Theory]
    [InlineData(true, "rolled-back")]
    [InlineData(false, "committed")]
    public async Task A_link_counts_when_it_was_up_before(bool before, string outcome)
    {
        var device = await RunAsync((release, _) => new HealthResult("server", Required: true, release == Old && before, "no route to host") { OnlyIfBefore = true });

        Assert.Equal(outcome, device.Outcome);
    }

    /// <summary>It is stopped when the others are looked at before the switch.</summary>
    [Theory]
    [InlineData(true, "warning: health check `supervisor` failed 3 times: its unit is not active")]
    [InlineData(false, null)]
    public async Task A_supervisor_that_ran_before_and_does_not_now_is_a_warning(bool before, string? message)
    {
        var device = new SimDevice(Old, New);
        device.Ports.SupervisorIsStarting = !before;
        device.Ports.MoreHealth = release => [new HealthResult(HealthResult.Supervisor, Required: false, release == Old && device.Ports.SupervisorRuns, "its unit is not active") { OnlyIfBefore = true }];

        await device.RunAsync();

        Assert.Equal(("committed", message), (device.Outcome, Message(device)));
    }

    /// <summary>The agent of the new OS, or an update process that somebody starts by hand, is earlier than the verdict.</summary>
    [Fact]
    public async Task An_attempt_whose_release_is_on_trial_is_neither_gone_on_with_nor_given_up()
    {
        var device = new SimDevice(Old, New);
        var ends = new List<RunEndKind>();
        device.Ports.MoreHealth = release =>
        {
            if (release == New && ends is [])
            {
                var run = new UpdateRun(device.Device, device.Ports, _ => device.Sources);
                ends.Add(run.ResumeAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult().Kind);
                ends.Add(run.GiveUpAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult().Kind);
            }
            return [];
        };

        await device.RunAsync();

        Assert.Equal([RunEndKind.TrialPending, RunEndKind.TrialPending], ends);
        Assert.Equal("committed", device.Outcome);
    }

    [Fact]
    public async Task A_check_that_passes_at_its_last_look_commits_without_a_word()
    {
        var device = await RunAsync((release, look) => new HealthResult("modem", Required: true, release == Old || look == 3, "no carrier"));

        Assert.Equal("committed", device.Outcome);
        Assert.Null(Message(device));
    }

    private static string? Message(SimDevice device) => new AttemptJournal(device.Files).Read()[^1].Message;

    /// <summary>Runs a whole update; each check is told the release that runs and how often the new one was looked at.</summary>
    private static Task<SimDevice> RunAsync(params Func<SimRelease?, int, HealthResult>[] checks)
    {
        var device = new SimDevice(Old, New);
        int looks = 0;
        device.Ports.MoreHealth = release =>
        {
            looks += release == New ? 1 : 0;
            return [.. checks.Select(c => c(release, looks))];
        };
        return device.RunAsync();
    }
}
