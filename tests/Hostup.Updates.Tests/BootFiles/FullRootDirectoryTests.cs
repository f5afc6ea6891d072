using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.BootFiles;

/// <summary>A root directory of FAT16 that holds no further name: with each number of free entries an update either has all that it needs or leaves all as it was.</summary>
public sealed class FullRootDirectoryTests
{
    // hostup-new, hostup-old and slot-3 take two entries each, the file that the new release adds takes four.
    private const int Needed = 10;

    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);

    [Theory, InlineData(true), InlineData(false)]
    public async Task Without_an_entry_for_each_name_an_update_ends_at_once_with_all_as_it_was(bool exchange)
    {
        for (int free = 0; free < Needed; free++)
        {
            var device = Device(exchange, free);

            await device.RunAsync();

            string when = $"{free} entries free";
            Assert.True(device.Outcome == AttemptStates.Failed && device.End!.Kind == RunEndKind.Failed, $"{when}: {device.Outcome}, {device.End?.Error?.Message}");
            Assert.Equal("boot-space", new AttemptJournal(device.Files).Read()[^1].Code);
            Assert.Equal(1, device.Boots);
            Assert.Equal(BootFileSnapshot.Provisioned(Old), BootFileSnapshot.Of(device));
            Assert.Equal(new BootSettings(2, false, 0), device.Device.Boot.Read());
            Assert.True(device.Ports.SupervisorRuns && !device.Files.Exists(Places.BootFilesTouched), when);
            Assert.DoesNotContain(device.Power.Log, e => e.StartsWith("exchange ", StringComparison.Ordinal) || e.StartsWith($"rename {Places.Boot}", StringComparison.Ordinal));
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task With_just_the_entries_that_it_needs_it_commits(bool exchange)
    {
        var device = await Device(exchange, Needed).RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.NotNull(device.Boot.Read(Places.Boot + "/added-by-the-new-release.txt"));
    }

    private static SimDevice Device(bool exchange, int free)
    {
        var release = SimRelease.Make("2.101.0", SimBehaviour.Good);
        release.Files["resin-boot/added-by-the-new-release.txt"] = "new"u8.ToArray();
        // Made anew from all of its files.
        var device = new SimDevice(Old, release.WithLoader("of no board", [])) { CanExchange = exchange };
        device.Files.BootRootEntries = device.Files.BootRootEntriesTaken + free;
        return device;
    }
}
