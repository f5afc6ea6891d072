using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;

namespace Hostup.Updates.Tests.Hooks;

/// <summary>Programs that a release brings for its update: upstream's folder and rules, and what holds when one fails or the power goes.</summary>
public sealed class HookTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good).WithHooks("10-a");
    private static readonly string[] Names = ["50-b", "10-a", "1-bootfiles", "before/20-x", "after/30-y", "cleanup/60-z", "commit/70-c", "forward/40-f"];

    [Fact]
    public void A_program_at_the_top_is_a_forward_hook_and_one_in_a_folder_is_of_the_stages_in_its_path()
    {
        string[] paths = ["98-loader/forward/20-x", "9-a", "10-b", "before", "98-loader/before", "x/after-commit", "80-rollback", "x/99-resin-grub", "x/y"];

        Assert.Equal(["98-loader/before"], HookFolder.In(paths, HookStage.Before));
        Assert.Equal(["10-b", "9-a", "98-loader/forward/20-x", "before"], HookFolder.In(paths, HookStage.Forward));
        Assert.Equal(["x/after-commit"], HookFolder.In(paths, HookStage.After));
        Assert.Equal(["x/after-commit"], HookFolder.In(paths, HookStage.Commit));
        Assert.Empty(HookFolder.In(paths, HookStage.Cleanup));
    }

    [Fact]
    public async Task Hooks_run_in_order_those_of_a_release_in_its_own_root_and_the_last_when_it_is_final()
    {
        var device = await new SimDevice(Old, New()).RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(
            [
                "before/20-x of 2.101.0 during 1",
                "10-a of 2.101.0 during 1 in new root", "50-b of 2.101.0 during 1 in new root", "forward/40-f of 2.101.0 during 1 in new root",
                "after/30-y of 2.101.0 during 1",
                "commit/70-c of 2.101.0 during 0",
            ],
            device.Ports.Hooks.Ran);
        int switched = device.Power.Log.FindLastIndex(e => e == $"hook after/30-y");
        Assert.True(switched < device.Power.Log.FindIndex(e => e == "reboot"));
        Assert.Contains(device.Ports.Notes, n => n == "hook 10-a: passed");
    }

    [Fact]
    public async Task A_forward_hook_that_fails_ends_the_update_and_the_old_os_brings_its_own_state_back()
    {
        var device = new SimDevice(Old, New());
        device.Ports.Hooks.Fault = (name, version) => name == "50-b" && version == "2.101.0" ? "exit code 1" : null;

        await device.RunAsync();

        var end = new AttemptJournal(device.Files).Read()[^1];
        Assert.Equal((AttemptStates.Failed, "hook"), (device.Outcome, end.Code));
        Assert.StartsWith("cannot run hook 50-b: exit code 1: no such device", end.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["before/20-x of 2.101.0 during 1", "10-a of 2.101.0 during 1 in new root", "50-b of 2.101.0 during 1 in new root", "cleanup/60-z of 2.101.0 during 1 in new root", "10-a of 2.100.0 during 0"],
            device.Ports.Hooks.Ran);
        AssertAsBefore(device);
    }

    [Theory]
    [InlineData("before/20-x", 1)]
    [InlineData("after/30-y", 5)]
    public async Task A_hook_beside_the_new_root_that_fails_ends_the_update_too(string hook, int ran)
    {
        var device = new SimDevice(Old, New());
        device.Ports.Hooks.Fault = (name, _) => name == hook ? "it did not end within 300 s" : null;

        await device.RunAsync();

        Assert.Equal((AttemptStates.Failed, "hook"), (device.Outcome, new AttemptJournal(device.Files).Read()[^1].Code));
        Assert.Equal((ran + 1, "10-a of 2.100.0 during 0"), (device.Ports.Hooks.Ran.Count, device.Ports.Hooks.Ran[^1]));
        AssertAsBefore(device);
    }

    [Fact]
    public async Task A_hook_that_fails_after_the_switch_is_a_warning()
    {
        var device = new SimDevice(Old, New());
        device.Ports.Hooks.Fault = (name, _) => name == "commit/70-c" ? "exit code 3" : null;

        await device.RunAsync();

        Assert.Equal((AttemptStates.Committed, "2.101.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Contains("warning: cannot run hook commit/70-c: exit code 3: no such device", new AttemptJournal(device.Files).Read()[^1].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SimBehaviour.Unhealthy)]
    [InlineData(SimBehaviour.Panics)]
    public async Task After_a_rollback_the_hooks_of_the_old_os_have_run_again(SimBehaviour behaviour)
    {
        var device = await new SimDevice(Old, New(behaviour)).RunAsync();

        Assert.Equal(AttemptStates.RolledBack, device.Outcome);
        Assert.Equal(("10-a of 2.100.0 during 0", "2.100.0"), (device.Ports.Hooks.Ran[^1], device.Ports.Hooks.Board));
    }

    [Fact]
    public async Task A_hook_of_the_old_os_that_fails_on_the_way_back_is_told_and_stops_nothing()
    {
        var device = new SimDevice(Old, New(SimBehaviour.Panics));
        device.Ports.Hooks.Fault = (_, version) => version == "2.100.0" ? "exit code 1" : null;

        await device.RunAsync();

        Assert.Equal((AttemptStates.RolledBack, "2.100.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Contains("cannot run hook 10-a: exit code 1", new AttemptJournal(device.Files).Read()[^1].Message, StringComparison.Ordinal);
        Assert.False(device.Files.Exists(Places.AltbootBreadcrumb));
    }

    [Fact]
    public async Task A_revert_runs_those_of_the_os_that_it_goes_back_to()
    {
        var device = await new SimDevice(Old, New()).RunAsync();
        device.Ports.Hooks.Ran.Clear();
        device.Target = device.Target with { AttemptId = "fedcba9876543210fedcba9876543210", Revert = true };

        await device.CutAtRestAsync();

        Assert.Equal((AttemptStates.Committed, "2.100.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Equal(["10-a of 2.100.0 during 1 in new root"], device.Ports.Hooks.Ran);
    }

    [Theory]
    [InlineData("""{"debug":"1"}""", true)]
    [InlineData("""{"debug":1}""", true)]
    [InlineData("""{"debug":"0"}""", false)]
    [InlineData("""{"debug":["1"]}""", false)]
    [InlineData("{}", false)]
    [InlineData("half a file {", false)]
    public async Task Whoever_debugs_a_device_has_its_hooks_tell_each_command(string config, bool traced)
    {
        var device = new SimDevice(Old, New());
        device.Boot.Provision(Places.Boot + "/config.json", System.Text.Encoding.UTF8.GetBytes(config));

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(6, device.Ports.Hooks.Ran.Count(r => r.EndsWith(" traced", StringComparison.Ordinal) == traced));
    }

    [Theory]
    [InlineData(SimBehaviour.Good)]
    [InlineData(SimBehaviour.Unhealthy)]
    [InlineData(SimBehaviour.Panics)]
    public async Task A_power_cut_at_any_effect_leaves_the_board_to_the_os_that_runs(SimBehaviour behaviour)
    {
        var target = New(behaviour);
        var whole = await new SimDevice(Old, target).RunAsync();
        int first = whole.Power.Log.FindIndex(e => e.StartsWith("hook ", StringComparison.Ordinal));
        Assert.True(first > 0);

        for (int cut = first; cut <= whole.Power.Effects; cut++)
        {
            var device = await new SimDevice(Old, target, cuts: [cut]).RunAsync();

            string when = $"cut before {string.Join(", ", device.Power.CutBefore)}, {behaviour}";
            Assert.True(device.Bricked is null && device.Outcome is AttemptStates.Committed or AttemptStates.RolledBack, $"{when}: {device.Bricked} {device.Outcome}");
            Assert.True(behaviour == SimBehaviour.Good || device.RunningRelease == Old, when);
            Assert.True(device.Ports.Hooks.Board == device.RunningRelease!.Version, $"{when}: runs {device.RunningRelease.Version}, the board is of {device.Ports.Hooks.Board}");
        }
    }

    private static SimRelease New(SimBehaviour behaviour = SimBehaviour.Good) => SimRelease.Make("2.101.0", behaviour).WithHooks(Names);

    private static void AssertAsBefore(SimDevice device)
    {
        Assert.Equal("2.100.0", device.Ports.Hooks.Board);
        Assert.Equal("2.100.0", device.RunningRelease!.Version);
        Assert.True(device.Ports.SupervisorRuns);
        Assert.Equal(BootFileSnapshot.Provisioned(Old), BootFileSnapshot.Of(device));
    }
}
