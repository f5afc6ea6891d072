using System.Text;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Reporting;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.Rollback;

/// <summary>What a kernel that died said last comes over the rollback, and no other crash with it.</summary>
public sealed class KernelMessagesTests
{
    private const string Panic = "Kernel panic - not syncing: 2.101.0";
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);

    [Fact]
    public async Task What_the_kernel_said_last_is_in_the_report_of_the_rollback()
    {
        var device = await Device().RunAsync();

        Assert.Contains(Panic, Report(device), StringComparison.Ordinal);
        Assert.Empty(device.Ports.KernelLog.Records);
    }

    [Fact]
    public async Task A_crash_before_the_trial_is_not_held_for_the_new_os()
    {
        var device = Device();
        device.Ports.KernelLog.Add("Oops#1 Part1\nan older crash\n");

        await device.RunAsync();

        Assert.DoesNotContain("an older crash", Report(device), StringComparison.Ordinal);
        Assert.Contains("an older crash", Encoding.UTF8.GetString(device.Files.Read(Places.OlderKernelMessages)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_release_that_is_committed_has_no_such_report()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Good));
        device.Ports.Meanwhile = state =>
        {
            if (state == AttemptStates.Rebooting)
                device.Ports.KernelLog.Add("Oops#1 Part1\nsomething\n");
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Null(Report(device));
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_stops_nothing_and_is_said()
    {
        var device = Device();
        device.Ports.KernelLog.Fault = "input/output error";

        await device.RunAsync();

        Assert.Equal(AttemptStates.RolledBack, device.Outcome);
        Assert.Contains(device.Said, s => s.EndsWith("cannot keep the last messages of the kernel: input/output error", StringComparison.Ordinal));
    }

    [Fact]
    public void The_newest_messages_are_kept_in_whole_lines()
    {
        var device = Device();
        device.Ports.KernelLog.Add(string.Concat(Enumerable.Range(0, 400).Select(i => $"<6>[ {i:00000}] line\n")));

        Assert.Null(KernelMessages.KeepOfTrial(device.Device));

        string kept = KernelMessages.Load(device.Files)!;
        Assert.True(kept.Length is > KernelMessages.MostBytes / 4 and <= KernelMessages.MostBytes, $"{kept.Length} bytes");
        Assert.StartsWith("<6>[ ", kept, StringComparison.Ordinal);
        Assert.EndsWith("<6>[ 00399] line\n", kept, StringComparison.Ordinal);
    }

    [Theory, InlineData(Unflushed.Lost), InlineData(Unflushed.Torn)]
    public async Task A_power_cut_at_any_effect_loses_no_message(Unflushed unflushed)
    {
        var whole = await Device(unflushed).RunAsync();
        int reboot = whole.Power.Log.FindIndex(e => e == "reboot");

        for (int cut = reboot + 2; cut <= whole.Power.Effects; cut++)
        {
            var device = await Device(unflushed, [cut]).RunAsync();

            string when = $"cut before {string.Join(", ", device.Power.CutBefore)}, {unflushed}";
            Assert.True(device.Outcome == AttemptStates.RolledBack, $"{when}: {device.Outcome}");
            Assert.True(Report(device)?.Contains(Panic, StringComparison.Ordinal) == true, $"{when}: {Report(device)}");
        }
    }

    private static SimDevice Device(Unflushed unflushed = Unflushed.Lost, int[]? cuts = null) => new(Old, SimRelease.Make("2.101.0", SimBehaviour.Panics), unflushed, cuts);

    private static string? Report(SimDevice device)
    {
        var records = new AttemptLog(device.Device).Records;
        return JournalView.Report(records, null, null, trial: false, kernel: KernelMessages.Load(device.Files))?.KernelMessages;
    }
}
