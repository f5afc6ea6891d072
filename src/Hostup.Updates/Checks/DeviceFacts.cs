using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Updates.Boot;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Config;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Checks;

/// <summary>What the checks look at, read once; nothing is written to read it.</summary>
public sealed record DeviceFacts
{
    /// <summary>VERSION of /etc/os-release; empty when there is none.</summary>
    public required string OsVersion { get; init; }

    /// <summary>deviceType of config.json, else SLUG of /etc/os-release; empty when neither is there.</summary>
    public required string DeviceType { get; init; }

    /// <summary>Family of its boot loader, as found.</summary>
    public required string BootLoader { get; init; }

    /// <summary>The slot that runs; null when <see cref="SlotFault"/> says why it cannot be told.</summary>
    public Slot? Running { get; init; }

    /// <summary>The spare slot.</summary>
    public Slot? Spare { get; init; }

    /// <summary>UUID of the file system on the spare slot; null: none that can be read.</summary>
    public Guid? SpareFileSystem { get; init; }

    /// <summary>What was last written to the spare slot, as it was noted; empty: unknown.</summary>
    public string SpareContent { get; init; } = "";

    /// <summary>Version of the OS on the spare slot; empty: unknown.</summary>
    public string SpareVersion { get; init; } = "";

    /// <summary>The attempt that the journal tells of and how it ended.</summary>
    public string LastAttempt { get; init; } = "none";

    /// <summary>Why the slots cannot be used.</summary>
    public HostupException? SlotFault { get; init; }

    /// <summary>Boot settings; null when <see cref="BootFault"/> says why they cannot be read.</summary>
    public BootSettings? Boot { get; init; }

    /// <summary>Why the boot environment cannot be read.</summary>
    public HostupException? BootFault { get; init; }

    /// <summary>Free bytes of the state partition.</summary>
    public required long StateFree { get; init; }

    /// <summary>Free bytes of the boot partition; what an interrupted update staged there counts as free.</summary>
    public required long BootFree { get; init; }

    /// <summary>Free bytes of the data partition; zero when it is not there.</summary>
    public required long DataFree { get; init; }

    /// <summary>Free bytes in memory (/run), where an updater goes when the data partition is full.</summary>
    public required long MemoryFree { get; init; }

    /// <summary>Whether a trial has no verdict yet.</summary>
    public required bool TrialPending { get; init; }

    /// <summary>Whether the engine answers.</summary>
    public required bool EngineAnswers { get; init; }

    /// <summary>Driver of the engine's store; null when it is not known.</summary>
    public string? StorageDriver { get; init; }

    /// <summary>What the device is powered from; empty when it shows nothing.</summary>
    public required IReadOnlyList<PowerSupply> Supplies { get; init; }

    /// <summary>The clock.</summary>
    public required ClockReading Clock { get; init; }

    /// <summary>Who else carries out an update now; null: nobody.</summary>
    public string? OtherUpdate { get; init; }

    /// <summary>Version of the supervisor that runs; null: this OS has no settings of one.</summary>
    public string? SupervisorVersion { get; init; }

    /// <summary>Whether the boot loader takes the old slot again when the new OS does not come up.</summary>
    public bool FallsBack { get; init; }

    /// <summary>Whether a watchdog resets this machine when it hangs.</summary>
    public bool HasWatchdog { get; init; }

    /// <summary>Image digests that were rolled back here.</summary>
    public required IReadOnlySet<string> KnownBad { get; init; }

    /// <summary>Highest sequence committed here; zero when none.</summary>
    public required long HighestSequence { get; init; }

    /// <summary>Whether the running root is in the container-store layout, which is not served.</summary>
    public required bool ContainerStoreLayout { get; init; }

    // upstream's mobynit mounts the root partition there and finds the host's container below it
    private static readonly string[] ContainerStores = ["/mnt/sysroot/active/hostapps", "/mnt/sysroot/active/balena", "/mnt/sysroot/active/docker", "/hostapps"];

    /// <summary>Reads them.</summary>
    public static async ValueTask<DeviceFacts> ReadAsync(DevicePorts device, CancellationToken ct)
    {
        var files = device.Files;
        var release = OsRelease(files);
        var (running, spare, slotFault) = ReadSlots(device);
        var (boot, bootFault) = ReadBoot(device);
        bool answers = await device.Engine.AnswersAsync(ct).ConfigureAwait(false);
        var facts = new DeviceFacts
        {
            OsVersion = release.GetValueOrDefault("VERSION", ""),
            DeviceType = DeviceTypeOf(files),
            BootLoader = device.Boot.Family,
            Running = running,
            Spare = spare,
            SpareFileSystem = spare is null ? null : ReadSpareFileSystem(device),
            SpareContent = string.Join(' ', Lines(files, Places.SpareContent)),
            LastAttempt = LastAttemptOf(device),
            SlotFault = slotFault,
            Boot = boot,
            BootFault = bootFault,
            StateFree = Free(files, Places.State),
            BootFree = BootFreeOf(files),
            DataFree = Free(files, Places.Data),
            MemoryFree = Free(files, "/run"),
            TrialPending = boot is not null && running is not null && Trial.IsPending(device),
            EngineAnswers = answers,
            StorageDriver = answers ? await device.Engine.StorageDriverAsync(ct).ConfigureAwait(false) : null,
            Supplies = device.Supplies.Read(),
            Clock = ClockReading.Read(device),
            OtherUpdate = device.Processes.Other,
            SupervisorVersion = SupervisorSettings.Load(files)?.VersionText,
            FallsBack = device.Boot.FallbackBoot > 0,
            HasWatchdog = device.Power.HasWatchdog,
            KnownBad = Lines(files, Places.KnownBad).ToHashSet(),
            HighestSequence = Lines(files, Places.HighestSequence) is [var line, ..] && long.TryParse(line, CultureInfo.InvariantCulture, out long sequence) ? sequence : 0,
            ContainerStoreLayout = ContainerStores.Any(files.Exists),
        };
        return facts with { SpareVersion = SlotIdentities.Read(device, facts).FirstOrDefault(s => s.Slot == spare?.Label)?.Version ?? "" };
    }

    /// <summary>The variables of /etc/os-release, quotes removed.</summary>
    public static IReadOnlyDictionary<string, string> OsRelease(IFiles files) => Lines(files, "/etc/os-release")
        .Select(line => line.Split('=', 2))
        .Where(pair => pair.Length == 2)
        .GroupBy(pair => pair[0], pair => pair[1].Trim('"', '\''))
        .ToDictionary(g => g.Key, g => g.Last());

    /// <summary>deviceType of config.json, else SLUG of /etc/os-release; empty when neither is there.</summary>
    public static string DeviceTypeOf(IFiles files) => ConfiguredDeviceType(files) ?? OsRelease(files).GetValueOrDefault("SLUG", "");

    // A file system that is not there has no room.
    internal static long Free(IFiles files, string path)
    {
        try
        {
            return files.FreeBytes(path);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    // One that cannot be read is a matter of the checks of its boot environment and boot files.
    private static long BootFreeOf(IFiles files)
    {
        try
        {
            return files.FreeBytes(Places.Boot) + BootPartition.StagedBytes(files) + BootLeftovers.Bytes(files);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static string[] Lines(IFiles files, string path) => files.Exists(path)
        ? Encoding.UTF8.GetString(files.Read(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        : [];

    private static string LastAttemptOf(DevicePorts device) => new AttemptLog(device).Records is [var first, ..] records
        ? $"{first.AttemptId} {records[^1].Outcome ?? "open"}"
        : "none";

    private static (Slot?, Slot?, HostupException?) ReadSlots(DevicePorts device)
    {
        try
        {
            return (device.Slots.Running, device.Slots.Spare, null);
        }
        catch (HostupException e)
        {
            return (null, null, e);
        }
    }

    // A medium that cannot be read is found when it is written; looking must not end here.
    private static Guid? ReadSpareFileSystem(DevicePorts device)
    {
        try
        {
            return device.Slots.SpareFileSystem();
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static (BootSettings?, HostupException?) ReadBoot(DevicePorts device)
    {
        try
        {
            return (device.Boot.Read(), null);
        }
        catch (HostupException e)
        {
            return (null, e);
        }
        catch (IOException e)
        {
            return (null, new HostupException(HostupErrors.BootEnvironment, $"cannot read boot environment {device.Boot.Path}", e.Message, "check the boot partition with fsck.vfat", e));
        }
    }

    // Read by the first program of each boot, whatever somebody made of the file: the verdict on a new OS does not wait for it.
    private static string? ConfiguredDeviceType(IFiles files)
    {
        try
        {
            return new ConfigFile(files).Load()["deviceType"] is JsonValue type && type.TryGetValue(out string? text) ? text : null;
        }
        catch (HostupException)
        {
            return null;
        }
    }
}
