using Hostup.Core.Wire;
using Hostup.Updates.Checks;
using Hostup.Updates.Journal;
using Hostup.Updates.Run;

namespace Hostup.Updates.Slots;

/// <summary>What the device knows of the content of its slots: from the plan of the last attempt and from what was read of them, never by guessing.</summary>
public static class SlotIdentities
{
    /// <summary>Both slots, the running one first; empty when the slots cannot be told.</summary>
    public static IReadOnlyList<SlotReport> Read(DevicePorts device, DeviceFacts facts)
    {
        if (facts.Running is null || facts.Spare is null)
            return [];
        var records = new AttemptLog(device).Records;
        var attempt = new AttemptFiles(device.Files).TryLoad(records);
        var plan = attempt?.Plan;
        SlotReport Describe(string label)
        {
            bool runs = label == facts.Running.Label;
            // The description of an OS that was gone back to is no release.
            if (plan is { Revert: true } && SlotSystem.Load(device.Files, runs ? facts.Running.PartitionNumber : facts.Spare.PartitionNumber) is { } known)
                return new SlotReport(label, runs ? facts.OsVersion : known.Version, known.Image, known.Tree);
            if (plan is not null && plan.ToSlot == label && (runs || records.Any(r => r is { Step: "write-slot", Verb: JournalVerb.Done })))
            {
                var release = attempt!.Value.Release;
                return new SlotReport(label, release.Version, release.Image.Digest, release.TreeDigest);
            }
            return new SlotReport(label, runs ? facts.OsVersion : plan?.FromSlot == label ? plan.FromVersion : "", null, runs ? KnownTree(device) : null);
        }
        return [Describe(facts.Running.Label), Describe(facts.Spare.Label)];
    }

    /// <summary>What the next delta can begin with, also on a device whose OS came from a factory: noted when somebody read it.</summary>
    private static Digest? KnownTree(DevicePorts device)
    {
        try
        {
            return RunningTree.Known(device);
        }
        catch (IOException)
        {
            return null; // nothing that is reported rests on it
        }
    }
}
