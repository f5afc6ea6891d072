using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;

namespace Hostup.Updates.Checks;

/// <summary>What a source said when it was asked for the image.</summary>
/// <param name="Source">Its name.</param>
/// <param name="Fault">Why it cannot serve; null: it has the image.</param>
/// <param name="Received">Bytes that the question cost.</param>
public sealed record SourceAnswer(string Source, HostupException? Fault, long Received)
{
    /// <summary>Bytes that the whole image costs from it; zero when it cannot serve.</summary>
    public long Bytes { get; init; }
}

/// <summary>How one release fits one device, read once; nothing is written to read it.</summary>
public sealed record ReleaseFit
{
    /// <summary>What the release's boot files ask of the boot partition.</summary>
    public required BootFilesNeed Boot { get; init; }

    /// <summary>Which name of the release's boot files FAT cannot hold, and why; null: it can hold all.</summary>
    public string? BootNameFault { get; init; }

    /// <summary>Why a boot loader that chooses files by slot might not come back to the running root; null: it can, or chooses none.</summary>
    public string? BootSlotFault { get; init; }

    /// <summary>Why the raw areas of the release's boot loader cannot be written; null: they can, or it has none.</summary>
    public string? BootAreaFault { get; init; }

    /// <summary>Why the file system of the release cannot be made; null: it can.</summary>
    public string? FormatFault { get; init; }

    /// <summary>Whether the spare slot was last written with this very tree; the read-back decides.</summary>
    public bool SpareHoldsIt { get; init; }

    /// <summary>Whether the engine holds the supervisor's image of the release already.</summary>
    public bool EngineHasSupervisor { get; init; }

    /// <summary>What each source said; null: none was asked, because none is needed any more.</summary>
    public IReadOnlyList<SourceAnswer>? Sources { get; init; }

    /// <summary>Reads it.</summary>
    /// <param name="device">The device.</param>
    /// <param name="asked">The update. Of a release that is not believed no program is told and no source is asked.</param>
    /// <param name="sources">Where its image can come from; null: the slot is written already.</param>
    /// <param name="ct">Ends the questions to the sources.</param>
    public static async ValueTask<ReleaseFit> ReadAsync(DevicePorts device, UpdateAsked asked, IReadOnlyList<IHostAppSource>? sources, CancellationToken ct)
    {
        var release = asked.Release;
        bool holds = SpareHolds(device, release);
        var areas = new BootAreas(device.Files, device.Media);
        string? fault = areas.FaultOf(release.BootAreas);
        string? names = FatNames.FaultOf(ListedBootFiles.PathsOf(release.BootFiles), device.Files.Below(Places.Boot));
        var keptBack = KeptBack.Of(release, device.Boot);
        int running = PartitionOf(() => device.Slots.Running);
        // A set that the partition cannot hold has no size there.
        var files = names is null ? new BootPartition(device.Files, device.Power.BootId).Need(release.BootFiles, keptBack, running, PartitionOf(() => device.Slots.Spare)) : new BootFilesNeed(0, 0);
        var ofAreas = fault is null ? areas.Need(release.BootAreas) : new BootFilesNeed(0, 0);
        return new ReleaseFit
        {
            Boot = files + ofAreas,
            BootNameFault = names,
            BootSlotFault = running == 0 ? null : new SlotBootFiles(device.Files, running).FaultOf(release.BootFiles, keptBack, areasDiffer: ofAreas.Changes > 0),
            BootAreaFault = fault,
            FormatFault = asked.IsBelieved ? await device.Slots.FormatFaultAsync(release.Root, ct).ConfigureAwait(false) : null,
            SpareHoldsIt = holds,
            EngineHasSupervisor = asked.IsBelieved && release.Supervisor?.Image is { } image && EngineImageName.TryParse(image, out var name) && await device.Engine.HasAsync(name, ct).ConfigureAwait(false),
            Sources = sources is null || holds || !asked.IsBelieved ? null : await AskAsync(release, sources, ct).ConfigureAwait(false),
        };
    }

    // Without slots there is no directory of one.
    private static int PartitionOf(Func<Slot> slot)
    {
        try
        {
            return slot().PartitionNumber;
        }
        catch (HostupException)
        {
            return 0;
        }
    }

    private static bool SpareHolds(DevicePorts device, ReleaseManifest release)
    {
        try
        {
            return SpareContent.MayBe(device.Files, device.Slots.SpareFileSystem(), release.TreeDigest);
        }
        catch (HostupException)
        {
            return false; // the slots cannot be told; their own check says why
        }
    }

    // One that has it is enough: the others are not asked.
    private static async ValueTask<IReadOnlyList<SourceAnswer>> AskAsync(ReleaseManifest release, IReadOnlyList<IHostAppSource> sources, CancellationToken ct)
    {
        var answers = new List<SourceAnswer>();
        foreach (var source in sources)
        {
            long before = source.Bytes.Received;
            HostupException? fault = null;
            try
            {
                await source.ProbeAsync(release, ct).ConfigureAwait(false);
            }
            catch (HostupException e)
            {
                fault = e;
            }
            answers.Add(new SourceAnswer(source.Name, fault, source.Bytes.Received - before) { Bytes = fault is null ? source.BytesOf(release) : 0 });
            if (fault is null)
                break;
        }
        return answers;
    }
}
