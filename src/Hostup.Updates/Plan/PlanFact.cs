using System.Text;
using Hostup.Core.Releases;
using Hostup.Updates.Checks;

namespace Hostup.Updates.Plan;

/// <summary>One thing that a plan rests on.</summary>
/// <param name="Name">What it is, in an operator's words.</param>
/// <param name="Value">How the device was when the plan was made.</param>
public sealed record PlanFact(string Name, string Value)
{
    /// <summary>All that a plan rests on.</summary>
    /// <param name="facts">What the device is.</param>
    /// <param name="release">What it is to become.</param>
    /// <param name="request">What is asked for.</param>
    public static IReadOnlyList<PlanFact> Of(DeviceFacts facts, ReleaseManifest release, PlanRequest request) =>
    [
        new("running system", $"{facts.OsVersion} on {facts.Running?.Label} ({facts.Running?.Device}, partition {facts.Running?.PartitionNumber})"),
        new("spare slot", $"{facts.Spare?.Label} ({facts.Spare?.Device}, partition {facts.Spare?.PartitionNumber}, {facts.Spare?.SizeBytes} bytes)"),
        new("content of the spare slot", $"file system {facts.SpareFileSystem?.ToString() ?? "none"}, last written {(facts.SpareContent.Length > 0 ? facts.SpareContent : "unknown")}"),
        new("device type", facts.DeviceType),
        new("boot environment", facts.Boot is { } boot ? $"partition {boot.RootPartition}, upgrade_available={(boot.UpgradeAvailable ? 1 : 0)}, bootcount={boot.BootCount}" : "cannot be read"),
        new("release manifest", $"{release.Version} {request.Manifest}"),
        new("highest committed sequence", FormattableString.Invariant($"{facts.HighestSequence}")),
        new("updater", $"{request.UpdaterVersion} {request.Updater}"),
        new("last attempt", facts.LastAttempt),
    ];

    /// <summary>One digest for all of them.</summary>
    public static Digest DigestOf(IReadOnlyList<PlanFact> facts) =>
        Digest.Of(Encoding.UTF8.GetBytes(string.Concat(facts.Select(f => $"{f.Name}\0{f.Value}\n"))));
}
