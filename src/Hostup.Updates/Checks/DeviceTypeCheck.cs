using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Core.Releases;

namespace Hostup.Updates.Checks;

/// <summary>Whether the release is for this device type, and whether its way of booting is one that we know.</summary>
internal static class DeviceTypeCheck
{
    public static CheckResult Evaluate(DeviceFacts facts, ReleaseManifest release)
    {
        var known = DeviceTypes.Find(release.DeviceType);
        var families = release.BootLoaders is [] ? known?.BootLoaders ?? [] : release.BootLoaders;
        string saw = $"device type {(facts.DeviceType.Length == 0 ? "unknown" : facts.DeviceType)}, release for {release.DeviceType}";
        if (facts.DeviceType != release.DeviceType)
            return Refused(saw, "choose a release for this device type");
        if (families is [])
            return Refused($"{saw}, of which this program does not know the boot loader", "sign the release with --boot-loader, or update the device program");
        if (!families.Any(BootLoaders.Served.Contains))
            return Refused($"{saw}, which boots from slots of family {string.Join(", ", families)}: not served", "update it with the tool of its maker");
        if (facts.BootFault is null && !families.Contains(facts.BootLoader))
            return Refused($"{saw}, whose boot loader is {string.Join(" or ", families)}; this device boots by {facts.BootLoader}", "see whether the device is what its configuration says; docs/device-support.md");
        return facts.Running is { } running && known is not null && !known.Slots.Contains(running.PartitionNumber)
            ? Refused($"{saw}, whose slots are partitions {string.Join(" and ", known.Slots)}; partition {running.PartitionNumber} runs", "see whether the device is what its configuration says; docs/device-support.md")
            : new CheckResult(HostupErrors.DeviceType.Id, HostupErrors.DeviceType, true, saw, "");
    }

    private static CheckResult Refused(string saw, string remedy) => new(HostupErrors.DeviceType.Id, HostupErrors.DeviceType, false, saw, remedy);
}
