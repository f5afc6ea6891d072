using Hostup.Core.RootTrees;

namespace Hostup.Delta.Repair;

/// <summary>Where the content of a file lies in the layers of its image, and how it is told from another.</summary>
/// <param name="Place">Place of an entry of the image that has the content; null: no reader can begin there.</param>
/// <param name="Check">The first 8 bytes of the content's SHA-256, the first one lowest: enough to tell damage. The tree digest decides.</param>
public readonly record struct FilePlace(TreePlace? Place, ulong Check);
