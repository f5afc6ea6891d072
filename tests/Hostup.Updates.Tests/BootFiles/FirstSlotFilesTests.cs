using System.Text;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Tests.Crash;

namespace Hostup.Updates.Tests.BootFiles;

/// <summary>A fleet whose slots share a kernel or have it in the root, on its way to a boot loader that chooses files by slot: it can always come back.</summary>
public sealed class FirstSlotFilesTests
{
    private const string OwnKernel = Places.Boot + "/slot-2/vmlinuz";

    // The three releases of docs/os-builder.md: without files of one slot, with them, and with a loader that goes by them.
    private static readonly SimRelease Plain = SimRelease.Make("2.100.0", SimBehaviour.Good).WithKernelInRoot();
    private static readonly SimRelease Ready = SimRelease.Make("2.100.0", SimBehaviour.Good).WithKernelInRoot(slotFiles: true);

    [Theory]
    [InlineData(SimBehaviour.Good)]
    [InlineData(SimBehaviour.Panics)]
    public async Task A_loader_that_may_choose_by_slot_is_refused_where_the_running_os_brings_nothing_for_its_own(SimBehaviour behaviour)
    {
        var device = await new SimDevice(Plain, SimRelease.Make("2.101.0", behaviour)).RunAsync();

        Assert.Equal((AttemptStates.Refused, "boot-slot", 1), (device.Outcome, device.End!.Error!.Code.Id, device.Boots));
        Assert.Contains("slot-2", device.End.Error.Why, StringComparison.Ordinal);
        Assert.DoesNotContain(device.Power.Log, e => e.Contains("spare", StringComparison.Ordinal) || e.Contains(Places.Boot, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(SimBehaviour.Good, AttemptStates.Committed)]
    [InlineData(SimBehaviour.Panics, AttemptStates.RolledBack)]
    [InlineData(SimBehaviour.Unhealthy, AttemptStates.RolledBack)]
    public async Task The_release_before_it_brings_them_and_changes_no_other_boot_file(SimBehaviour behaviour, string outcome)
    {
        var target = SimRelease.Make("2.101.0", behaviour).WithKernelInRoot(like: Plain, slotFiles: true);

        var device = await new SimDevice(Plain, target).RunAsync();

        Assert.True(device.Bricked is null, device.Bricked);
        Assert.Equal(outcome, device.Outcome);
        Assert.Null(device.Boot.Read(OwnKernel));
    }

    [Fact]
    public async Task What_lies_in_the_running_slots_directory_counts_and_stays()
    {
        var device = new SimDevice(Plain, SimRelease.Make("2.101.0", SimBehaviour.Good));
        device.Boot.Provision(OwnKernel, "of whoever made the disk"u8.ToArray());

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal("of whoever made the disk", Encoding.UTF8.GetString(device.Boot.Read(OwnKernel)!));
    }

    [Fact]
    public async Task A_way_back_to_such_a_loader_is_refused_too()
    {
        var device = await new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good).WithKernelInRoot()).RunAsync();
        string updated = device.Outcome;
        device.Target = device.Target with { AttemptId = new string('a', 32), Revert = true };

        await device.CutAtRestAsync();

        Assert.Equal(AttemptStates.Committed, updated);
        Assert.Equal((AttemptStates.Refused, "boot-slot", "2.101.0"), (device.Outcome, device.End!.Error!.Code.Id, device.RunningRelease!.Version));
        Assert.Contains("slot-3", device.End.Error.Why, StringComparison.Ordinal);
    }

    public static TheoryData<SimBehaviour, Unflushed, bool> Cases() => CrashTests.Cases();

    [Theory, MemberData(nameof(Cases))]
    public async Task Its_own_files_are_there_before_a_loader_goes_by_them_and_go_again_with_it_at_any_power_cut(SimBehaviour behaviour, Unflushed unflushed, bool exchange)
    {
        var target = SimRelease.Make("2.101.0", behaviour);
        var whole = await new SimDevice(Ready, target, unflushed) { CanExchange = exchange }.RunAsync();
        AssertAtRest(whole, target, "no cut");
        Assert.Contains(whole.Power.Log, e => e == $"rename {OwnKernel}");

        foreach (int cut in CrashTests.Cuts(whole, unflushed))
        {
            var device = await new SimDevice(Ready, target, unflushed, [cut]) { CanExchange = exchange }.RunAsync();

            AssertAtRest(device, target, $"cut before effect {cut} ({string.Join(", ", device.Power.CutBefore)}), {unflushed}, {behaviour}, exchange {exchange}");
        }
    }

    private static void AssertAtRest(SimDevice device, SimRelease target, string when)
    {
        Assert.True(device.Bricked is null, $"{when}: {device.Bricked}");
        bool isNew = device.Outcome == AttemptStates.Committed;
        Assert.True(isNew || device.Outcome == AttemptStates.RolledBack, $"{when}: {device.Outcome}");
        Assert.True(device.RunningRelease == (isNew ? target : Ready), $"{when}: {device.RunningRelease?.Version}");
        Assert.False(device.Files.Exists(Places.BootFilesTouched), when);
        Assert.DoesNotContain(device.Files.ListFiles(Places.Boot), p => p.StartsWith("hostup-", StringComparison.Ordinal));
        if (isNew)
            Assert.True(device.Boot.Read(OwnKernel)?.AsSpan().SequenceEqual(Ready.Kernel) == true, $"{when}: no kernel to go back to");
        else
            Assert.True(BootFileSnapshot.Of(device) == BootFileSnapshot.Provisioned(Ready), $"{when}: {BootFileSnapshot.Of(device)}");
    }
}
