namespace Hostup.Core.RootTrees;

/// <summary>One entry of the canonical listing of a root tree.</summary>
/// <param name="Entry">The entry, under its canonical path.</param>
/// <param name="Content">Digest of the content of a file; null for everything else.</param>
public sealed record RootTreeEntry(TreeEntry Entry, Digest? Content);
