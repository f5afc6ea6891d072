using Hostup.Core.RootTrees;
using Hostup.Delta.Repair;

namespace Hostup.Delta.Applying;

/// <summary>How frames that cannot be used are made without them: whole copies of old files where these are what they were, all other content from the image.</summary>
/// <param name="Frames">Their numbers. The first frame, the listing, cannot be made so.</param>
/// <param name="List">Where contents lie in the image.</param>
/// <param name="Open">Opens the image so that the entry at a place comes next.</param>
public sealed record DeltaRepairs(IReadOnlySet<int> Frames, RepairList List, Func<TreePlace, IPlacedTreeReader> Open);
