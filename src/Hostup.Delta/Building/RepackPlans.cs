using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Delta.Format;
using Hostup.Delta.Matching;
using Hostup.Delta.Members;
using Hostup.Delta.Patching;

namespace Hostup.Delta.Building;

/// <summary>
/// Finds new files that are worth unpacking: packed in a way that was proved to be repeatable with a library that the old tree has too,
/// so that every device that runs it can do the same.
/// </summary>
internal sealed class RepackPlans
{
    private readonly SpooledTree _from;
    private readonly SpooledTree _to;
    private readonly Dictionary<int, Plan> _plans = [];
    private readonly Dictionary<Digest, int> _newFiles = [];

    public RepackPlans(SpooledTree from, SpooledTree to, TreeMatch match)
    {
        (_from, _to) = (from, to);
        var libraries = Enumerable.Range(0, from.Entries.Count).Where(i => from.Entries[i].Kind == TreeEntryKind.File && from.Entries[i].Path.Name.IndexOf(".so"u8) > 0).Select(from.ContentOf).ToHashSet();
        for (int i = 0; i < to.Entries.Count; i++)
            if (match.Entries[i].Framed && to.Entries[i].Size >= PackedFile.SmallestFile && match.SameContent(to.ContentOf(i)) < 0 && match.Source(match.Entries[i]) is >= 0 and var source && Find(i, source, libraries) is { } plan)
                _plans.Add(i, plan);
        for (int i = 0; i < to.Entries.Count; i++)
            if (to.Entries[i].Kind == TreeEntryKind.File && to.Entries[i].Size > 0 && !_plans.ContainsKey(i))
                _newFiles.TryAdd(to.ContentOf(i), i);
        Late = [.. _plans.Where(p => CpioMatch.IsArchive(p.Value.Target.Inner)).Select(p => p.Key).Order()];
    }

    /// <summary>Files that are made from other new files and so come after them.</summary>
    public IReadOnlyList<int> Late { get; }

    public bool Has(int index) => _plans.ContainsKey(index);

    /// <summary>Makes the patch and drops what is held for it.</summary>
    public FilePatch Make(int index)
    {
        Plan plan;
        lock (_plans)
            _plans.Remove(index, out plan!);
        var repacking = new Repacking(plan.Packing, plan.Target, plan.Output);
        var source = new PatchSource(SourceKind.Unpacked, plan.Source, plan.Old.Range);
        if (!CpioMatch.IsArchive(plan.Target.Inner))
            return new FilePatch([source], plan.Old.Inner, 0, plan.Target.Inner, 0, null, repacking);
        var match = new CpioMatch(plan.Old.Inner, source, d => _newFiles.GetValueOrDefault(d, -1), i => _to.ReadFile(i));
        var pieces = match.Match(plan.Target.Inner);
        return match.Sources.Count <= DeltaLimits.Sources
            ? new FilePatch(match.Sources, match.Old, 0, plan.Target.Inner, 0, pieces, repacking)
            : new FilePatch([source], plan.Old.Inner, 0, plan.Target.Inner, 0, null, repacking);
    }

    private Plan? Find(int index, int source, HashSet<Digest> libraries)
    {
        byte[] output = _to.ReadFile(index);
        if (PackedFile.Open(output) is not { } target || PackedFile.LibraryOf(target.Range.Kind) is not { } library || !libraries.Contains(library))
            return null;
        return PackedFile.Open(_from.ReadFile(source)) is { } old && target.Prove(output) is { } packing ? new Plan(output, target, packing, source, old) : null;
    }

    private sealed record Plan(byte[] Output, PackedFile Target, Packing Packing, int Source, PackedFile Old);
}
