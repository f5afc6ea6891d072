using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.EndToEnd.Tests.Lab;
using Hostup.Lab;
using Hostup.Lab.Boot;
using Hostup.Lab.Demo;
using Hostup.Lab.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.Images;
using Hostup.Lab.Scenarios;
using Hostup.Lab.WriteLogs;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>Updates of a virtual device that are interrupted: the process killed, the power cut.</summary>
[Trait("Needs", "vm")]
public sealed class InterruptionTests
{
    /// <summary>Far enough that several parts of the slot are durable.</summary>
    private const long FarBytes = 16 << 20;

    /// <summary>The most that a cut may cost.</summary>
    private const long MostAgain = 4 << 20;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_update_process_killed_at_three_points_goes_on_and_commits()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.GoodAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-kill", stays: false, Ct);
        await stage.PublishAsync(image, sequence: 2, Ct);
        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", image.Version], Ct);

        foreach (string state in new[] { AttemptStates.Checking, AttemptStates.Downloading, AttemptStates.Verifying })
            await KillProcessAsync(stage.Device, state);
        var attempt = await stage.WaitForEndAsync(Ct);

        Assert.True(attempt.Report.State == AttemptStates.Committed, $"{attempt.Report.State}: {attempt.Report.Message}");
        Assert.Equal("resin-rootB", (await GuestFacts.ReadAsync(stage.Device, Ct)).Slot);
    }

    [Fact, Trait("Subset", "ci")]
    public async Task A_power_cut_while_the_slot_is_written_is_resumed_and_commits()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.GoodAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-cut", stays: false, Ct);
        await stage.PublishAsync(image, sequence: 2, Ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, Ct);
        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", image.Version], Ct);
        var cut = (await stage.WaitForAsync(r => (r.State == AttemptStates.Downloading && r.StepBytesDone >= FarBytes) || r.State == AttemptStates.Verifying, Ct)).Report;
        Assert.True(cut.State == AttemptStates.Downloading, $"{cut.State}: {cut.Message}");

        await stage.Device.KillAsync(Ct);
        await stage.Device.PowerOnAsync(null, Ct);
        await stage.Device.WaitForRebootAsync(application.BootId, Ct);
        var attempt = await stage.WaitForEndAsync(Ct);

        Assert.True(attempt.Report.State == AttemptStates.Committed, $"{attempt.Report.State}: {attempt.Report.Message}");
        // What had come by then stands in the account as well: a slot that was begun anew would have cost it twice.
        long fetched = attempt.Report.Bytes.Where(b => b.Cause is "registry" or "retried").Sum(b => b.Received);
        long once = ReleaseManifest.Read(Envelope.Parse(await File.ReadAllBytesAsync(stage.EnvelopeOf(2), Ct)).UnverifiedPayload.Span).Image.DownloadBytes;
        Assert.InRange(fetched, once - MostAgain, once + MostAgain);
        Assert.Equal("resin-rootB", (await GuestFacts.ReadAsync(stage.Device, Ct)).Slot);
        Assert.True(await application.VolumeIsIntactAsync(stage.Device, Ct));
    }

    [Fact]
    public async Task Every_prefix_of_the_write_log_leaves_a_boot_partition_that_boots_and_disks_rebuilt_from_a_sample_commit()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.GoodAsync(lab, Ct);
        string log = Path.Combine(lab.Cache.Root, "stages", "writes.log");
        await using var stage = await Stage.SetAsync(lab, "vm-log", stays: false, Ct, log);
        await stage.PublishAsync(image, sequence: 2, Ct);
        string boot = await stage.Device.BootIdAsync(Ct);
        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", image.Version], Ct);
        var begun = (await stage.WaitForStateAsync([AttemptStates.BootFiles, AttemptStates.Rebooting, AttemptStates.Trial], Ct)).Report;
        Assert.False(AttemptStates.IsTerminal(begun.State), $"{begun.State}: {begun.Message}");
        await stage.Device.WaitForRebootAsync(boot, Ct);
        await stage.Device.KillAsync(Ct);

        var writes = WriteLog.Read(log);
        var (exchanged, twoNames) = await RequireBootPartitionsAsync(lab, writes);
        foreach (var (prefix, what) in Cuts(writes).Append((exchanged + 1, "the last boot file: old root, new boot files")))
            await AssertCommitsAsync(lab, writes, prefix, what, everything: false);
        await AssertCommitsAsync(lab, writes, twoNames + 1, "the middle of an exchange: two names, one file", everything: true);
    }

    /// <summary>Old or new set after every prefix, whether what was not flushed is there, half there or lost.</summary>
    /// <returns>The entry after which the new set is on the disk and the old slot is booted, and one after which a boot file and a staged name show one file.</returns>
    private static async Task<(int Exchanged, int TwoNames)> RequireBootPartitionsAsync(LabEnvironment lab, WriteLog log)
    {
        byte[] start = await RebuiltDisk.ReadPartitionAsync(lab, await Stage.SavedDeviceAsync(lab, Ct), DiskLayout.Full.Boot, Ct);
        var provisioned = new FatVolume(start);
        var before = BootSets.OfTree((await Stage.TreeAsync(lab, HostOsRelease.Old, Ct)).Root).Keys.ToDictionary(p => p, p => Digest.Of(provisioned.Read(p)!));
        var after = BootSets.OfTree((await Stage.TreeAsync(lab, HostOsRelease.New, Ct)).Root)
            .ToDictionary(f => f.Key, f => PlantedReleases.KeptBackFiles.Contains(f.Key) ? before[f.Key] : f.Value);
        // With one file that differs nothing could be mixed.
        string[] shared = [.. before.Where(f => !f.Key.StartsWith("per-slot/", StringComparison.Ordinal) && after.TryGetValue(f.Key, out var digest) && digest != f.Value).Select(f => f.Key)];
        Assert.True(shared.Length >= 2, $"only {string.Join(", ", shared)} differs between the two releases");
        var sets = new BootSets(before, after);
        var (states, faults, exchanged, twoNames) = (0, new List<string>(), -1, -1);
        foreach (var state in new PartitionReplay(log, DiskLayout.Full.Boot, start).States())
        {
            states++;
            var boot = new FatVolume(state.Bytes);
            if (sets.FaultOf(boot) is { } fault)
                faults.Add($"after entry {state.Entry}, {state.Leaves}: {fault}");
            if (exchanged < 0 && state.Leaves == CutLeaves.WhatWasFlushed && sets.IsOldRootWithNewFiles(boot))
                exchanged = state.Entry;
            if (twoNames < 0 && state.Leaves == CutLeaves.Everything && sets.WithTwoNames(boot) is not null)
                twoNames = state.Entry;
        }
        TestContext.Current.SendDiagnosticMessage($"{states} states of the boot partition");
        Assert.True(faults is [], $"{faults.Count} of {states} states: {string.Join("; ", faults.Take(5))}");
        Assert.True(states > 30 && exchanged >= 0 && twoNames >= 0, $"{states} states, the old root with the new files after entry {exchanged}, two names of one file after entry {twoNames}");
        return (exchanged, twoNames);
    }

    /// <summary>In the middle of the slot's content; when the first boot file was written; right after the switch.</summary>
    private static IEnumerable<(int Prefix, string What)> Cuts(WriteLog log)
    {
        var slot = Within(log, DiskLayout.Full.RootB);
        // Registration wrote config.json before.
        var boot = Within(log, DiskLayout.Full.Boot).Where(i => i > slot[^1]).ToList();
        yield return (slot[slot.Count / 2], "the slot's content");
        yield return (boot[0] + 1, "the first write to the boot partition");
        // GRUB's own counting comes after the flush of the switch.
        int armed = boot.First(i => log.Text(i).Contains("upgrade_available=1", StringComparison.Ordinal));
        int flushed = log.Entries.Select((entry, index) => (entry, index)).First(e => e.index > armed && e.entry.Flags.HasFlag(WriteLogFlags.Flush)).index;
        yield return (flushed + 1, "the boot settings");
    }

    private static List<int> Within(WriteLog log, DiskPartition partition) =>
        [.. log.Entries.Select((entry, index) => (entry, index)).Where(e => e.entry.Bytes > 0 && e.entry.DiskOffset >= partition.StartBytes && e.entry.DiskOffset < partition.StartBytes + partition.SizeBytes).Select(e => e.index)];

    private static async Task AssertCommitsAsync(LabEnvironment lab, WriteLog log, int prefix, string what, bool everything)
    {
        string path = Path.Combine(lab.Cache.Root, "stages", "rebuilt.img");
        var saved = await Stage.SavedDeviceAsync(lab, Ct);
        try
        {
            var disk = await RebuiltDisk.MakeAsync(lab, saved, log, prefix, path, Ct, everything);
            await using var device = await VirtualDevice.StartAsync("vm-rebuilt", disk, saved.Machine, VirtualDeviceOptions.In(lab), Ct);
            string outcome = await DeviceOutcome.WaitAsync(device, Ct);

            Assert.True(outcome == AttemptStates.Committed, $"cut at {what} (entry {prefix} of {log.Entries.Count}): {outcome}");
            Assert.Equal("resin-rootB", (await GuestFacts.ReadAsync(device, Ct)).Slot);
            await GuestBootPartition.RequireSoundAsync(device, Ct);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task KillProcessAsync(VirtualDevice device, string state)
    {
        long start = TimeProvider.System.GetTimestamp();
        string killed = "";
        while (killed.Length == 0)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromMinutes(10), $"the update never was in state {state}");
            // By the unit's main process, in the guest.
            var result = await device.ExecAsync(["sh", "-c", $"grep -q '\"state\": *\"{state}\"' /run/hostup/progress.json && pid=$(systemctl show --property MainPID --value hostup-update) && [ \"$pid\" != 0 ] && kill -9 $pid && echo $pid"], Ct);
            killed = result.Output.Trim();
        }
    }
}
