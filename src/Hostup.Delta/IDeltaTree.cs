using Hostup.Core.RootTrees;

namespace Hostup.Delta;

/// <summary>A root tree whose files can be read in any order.</summary>
/// <remarks>Two real ones: a mounted directory, and a copy that was made while an image was read.</remarks>
public interface IDeltaTree
{
    /// <summary>The canonical listing (docs/tree-digest.md), the root directory first.</summary>
    IReadOnlyList<TreeEntry> Entries { get; }

    /// <summary>Opens the content of a file.</summary>
    /// <param name="entry">Index in <see cref="Entries"/> of a file; not of a hard link.</param>
    /// <exception cref="Core.Errors.HostupException"><c>delta-old</c> when it is not there any more.</exception>
    IDeltaContent Open(int entry);
}
