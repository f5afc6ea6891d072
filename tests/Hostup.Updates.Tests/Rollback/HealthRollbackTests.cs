using Hostup.Lab.Sim;
using Hostup.Updates.Files;
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

    /// <summary>An outage that began during the trial: the old OS has it too.</summary>
    [Fact]
    public async Task What_the_old_os_fails_as_well_is_inconclusive()
    {
        var device = Outage(new SimDevice(Old, New));

        await device.RunAsync();

        Assert.Equal(("rolled-back", "inconclusive"), (device.Outcome, new AttemptJournal(device.Files).Read()[^1].Code));
        Assert.Equal("health check `server` failed 3 times: no route to host; the old OS fails the same: health check `server` failed 3 times: no route to host", Message(device));
        Assert.False(device.Files.Exists(Places.KnownBad));
        Assert.False(device.Files.Exists(Places.Suspect));
    }

    [Fact]
    public async Task A_release_whose_trial_was_inconclusive_may_be_tried_again()
    {
        var device = await Outage(new SimDevice(Old, New)).RunAsync();
        device.Ports.MoreHealth = null;
        device.Target = device.Target with { AttemptId = "fedcba9876543210fedcba9876543210" };

        await device.CutAtRestAsync();

        Assert.Equal(("committed", "2.101.0"), (device.Outcome, device.RunningRelease!.Version));
    }

    [Fact]
    public async Task What_the_old_os_passes_at_a_later_look_is_the_new_ones_fault()
    {
        var device = new SimDevice(Old, New);
        int looks = 0;
        bool tried = false;
        device.Ports.MoreHealth = release =>
        {
            tried |= release == New;
            looks += tried && release == Old ? 1 : 0;
            return [new HealthResult("modem", Required: true, release == Old && looks is 0 or 3, "no carrier")];
        };

        await device.RunAsync();

        Assert.Equal(("rolled-back", "rollback-health", 3), (device.Outcome, new AttemptJournal(device.Files).Read()[^1].Code, looks));
        Assert.True(device.Files.Exists(Places.KnownBad));
    }

    [Fact]
    public async Task Of_two_checks_that_failed_the_old_os_has_to_fail_both()
    {
        var device = Outage(new SimDevice(Old, New));
        var outage = device.Ports.MoreHealth!;
        device.Ports.MoreHealth = release => [.. outage(release), new HealthResult("modem", Required: true, release == Old, "no carrier")];

        await device.RunAsync();

        Assert.Equal("rollback-health", new AttemptJournal(device.Files).Read()[^1].Code);
        Assert.True(device.Files.Exists(Places.KnownBad));
    }

    /// <summary>Where the boot loader comes back at its second boot, a cut in the trial may look to it like an OS that does not start.</summary>
    [Fact]
    public async Task A_power_cut_at_any_effect_holds_no_outage_against_the_release()
    {
        var whole = await Outage(new SimDevice(Old, New)).RunAsync();
        int trial = whole.Power.Log.FindIndex(e => e == "reboot");

        for (int cut = trial; cut <= whole.Power.Effects; cut++)
        {
            var device = await Outage(new SimDevice(Old, New, cuts: [cut])).RunAsync();

            string when = $"cut before {string.Join(", ", device.Power.CutBefore)}";
            Assert.True(device.Outcome == "rolled-back" && device.RunningRelease == Old && device.Bricked is null, $"{when}: {device.Outcome} {device.Bricked}");
            Assert.True(new AttemptJournal(device.Files).Read()[^1].Code is "inconclusive" or "rollback-altboot", $"{when}: {Message(device)}");
        }
    }

    private static SimDevice Outage(SimDevice device)
    {
        bool began = false;
        device.Ports.MoreHealth = release =>
        {
            began |= release == New;
            return [new HealthResult("server", Required: true, !began, "no route to host") { OnlyIfBefore = true }];
        };
        return device;
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
