using System.Globalization;
using System.Text;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;

namespace Hostup.Updates.Checks;

/// <summary>What the checks look at, read once; nothing is written to read it.</summary>
public sealed record DeviceFacts
{
    /// <summary>VERSION of /etc/os-release; empty when there is none.</summary>
    public required string OsVersion { get; init; }

    /// <summary>deviceType of config.json, else SLUG of /etc/os-release; empty when neither is there.</summary>
    public required string DeviceType { get; init; }

    /// <summary>The slot that runs; null when <see cref="SlotFault"/> says why it cannot be told.</summary>
    public Slot? Running { get; init; }

    /// <summary>The spare slot.</summary>
    public Slot? Spare { get; init; }

    /// <summary>Why the slots cannot be used.</summary>
    public HostupException? SlotFault { get; init; }

    /// <summary>Boot settings; null when <see cref="BootFault"/> says why they cannot be read.</summary>
    public BootSettings? Boot { get; init; }

    /// <summary>Why the boot environment cannot be read.</summary>
    public HostupException? BootFault { get; init; }

    /// <summary>Free bytes of the state partition.</summary>
    public required long StateFree { get; init; }

    /// <summary>Free bytes of the boot partition.</summary>
    public required long BootFree { get; init; }

    /// <summary>Whether a trial has no verdict yet.</summary>
    public required bool TrialPending { get; init; }

    /// <summary>Whether the engine answers.</summary>
    public required bool EngineAnswers { get; init; }

    /// <summary>Image digests that were rolled back here.</summary>
    public required IReadOnlySet<string> KnownBad { get; init; }

    /// <summary>Highest sequence committed here; zero when none.</summary>
    public required long HighestSequence { get; init; }

    /// <summary>Whether the running root is in the container-store layout, which is not served.</summary>
    public required bool ContainerStoreLayout { get; init; }

    /// <summary>Reads them.</summary>
    public static async ValueTask<DeviceFacts> ReadAsync(DevicePorts device, CancellationToken ct)
    {
        var files = device.Files;
        var release = OsRelease(files);
        var (running, spare, slotFault) = ReadSlots(device);
        var (boot, bootFault) = ReadBoot(device);
        return new DeviceFacts
        {
            OsVersion = release.GetValueOrDefault("VERSION", ""),
            DeviceType = ConfiguredDeviceType(files) ?? release.GetValueOrDefault("SLUG", ""),
            Running = running,
            Spare = spare,
            SlotFault = slotFault,
            Boot = boot,
            BootFault = bootFault,
            StateFree = files.FreeBytes(Places.State),
            BootFree = files.FreeBytes(Places.Boot),
            TrialPending = boot is not null && running is not null && Trial.IsPending(device),
            EngineAnswers = await device.Engine.AnswersAsync(ct).ConfigureAwait(false),
            KnownBad = Lines(files, Places.KnownBad).ToHashSet(),
            HighestSequence = Lines(files, Places.HighestSequence) is [var line, ..] && long.TryParse(line, CultureInfo.InvariantCulture, out long sequence) ? sequence : 0,
            ContainerStoreLayout = files.Exists("/mnt/sysroot/active/hostapps") || files.Exists("/hostapps"),
        };
    }

    /// <summary>The variables of /etc/os-release, quotes removed.</summary>
    public static IReadOnlyDictionary<string, string> OsRelease(IFiles files) => Lines(files, "/etc/os-release")
        .Select(line => line.Split('=', 2))
        .Where(pair => pair.Length == 2)
        .GroupBy(pair => pair[0], pair => pair[1].Trim('"', '\''))
        .ToDictionary(g => g.Key, g => g.Last());

    private static string[] Lines(IFiles files, string path) => files.Exists(path)
        ? Encoding.UTF8.GetString(files.Read(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        : [];

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
    }

    private static string? ConfiguredDeviceType(IFiles files)
    {
        if (!files.Exists(Places.Boot + "/config.json"))
            return null;
        try
        {
            using var config = JsonDocument.Parse(files.Read(Places.Boot + "/config.json"));
            return config.RootElement.TryGetProperty("deviceType", out var type) ? type.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
