using Hostup.Core.RootTrees;

namespace Hostup.Delta.Listing;

/// <summary>One entry of the new tree as a delta says it.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Like">Index of the old entry that it is described by; -1: none.</param>
/// <param name="Framed">A file whose content stands in the frames; otherwise it is the content of <paramref name="Like"/>.</param>
internal readonly record struct ListedEntry(TreeEntry Entry, int Like, bool Framed);
