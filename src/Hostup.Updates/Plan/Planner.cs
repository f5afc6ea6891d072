using System.Security.Cryptography;
using System.Text;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Checks;

namespace Hostup.Updates.Plan;

/// <summary>Makes the plan of an attempt from what the device is and what it is to become. Touches nothing.</summary>
public static class Planner
{
    /// <summary>Makes the plan.</summary>
    /// <param name="facts">What the device is; its slots must be known.</param>
    /// <param name="release">What it is to become.</param>
    /// <param name="manifest">Digest of the signed payload of the release.</param>
    /// <param name="target">What the server asks for.</param>
    /// <param name="updater">The program that carries the plan out.</param>
    /// <param name="fetched">Bytes that were on the wire so far.</param>
    public static UpdatePlan Make(DeviceFacts facts, ReleaseManifest release, Digest manifest, DeviceTarget target, (string Version, Digest Digest) updater, IReadOnlyList<CauseBytes> fetched)
    {
        var (running, spare) = (facts.Running, facts.Spare);
        if (running is null || spare is null)
            throw facts.SlotFault ?? throw new InvalidOperationException("bug: no slots and no reason");
        return new UpdatePlan
        {
            AttemptId = target.AttemptId,
            FromVersion = facts.OsVersion,
            ToVersion = release.Version,
            Manifest = manifest,
            FromSlot = running.Label,
            FromPartition = running.PartitionNumber,
            ToSlot = spare.Label,
            ToPartition = spare.PartitionNumber,
            FileSystem = FileSystemOf(target.AttemptId),
            Reinstall = target.Reinstall,
            Updater = updater.Digest,
            UpdaterVersion = updater.Version,
            Steps = Steps(release, running.Label, spare.Label),
            FallbackRegistries = target.FallbackRegistries,
            FetchedBefore = fetched,
            Download = target.Download,
        };
    }

    private static IReadOnlyList<PlannedStep> Steps(ReleaseManifest release, string running, string spare) =>
    [
        new("check-device", "checks the device; changes nothing", "nothing to undo", 0),
        new("stop-supervisor", "stops the supervisor and its timer; user containers go on", "starts them again", 0),
        new("write-slot", $"formats {spare} and writes {new ByteCount(release.Root.ContentBytes)} in {release.Root.Entries} entries; what was on {spare} is lost", "none needed: the slot is not used", release.Image.DownloadBytes),
        new("fetch-supervisor", release.Supervisor is { Image: not null } s ? $"pulls supervisor {s.Version}" : "nothing to fetch", "none needed", 0),
        new("gate", "takes the applications' update locks, checks the device again", "releases the locks", 0),
        new("write-boot-files", $"brings {release.BootFiles.Count} boot files up to date, kept-back ones stay", "restores the files of the running OS", 0),
        new("switch-boot", $"the next boot is a trial of {spare}; point of no return for the operator", $"boots {running} again", 0),
        new("reboot", "reboots; unhealthy or unbootable, the device comes back", "rollback", 0),
    ];

    // RFC 9562 version 8: our own derivation, so that a resumed run knows its own file system.
    private static Guid FileSystemOf(string attemptId)
    {
        byte[] bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"hostup spare {attemptId}"))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
