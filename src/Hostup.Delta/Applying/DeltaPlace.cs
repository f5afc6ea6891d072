using Hostup.Core.RootTrees;

namespace Hostup.Delta.Applying;

/// <summary>What a reader needs beside the old tree.</summary>
/// <param name="Scratch">Folder for a temporary file as large as the largest packed file unpacked (a kernel: some 50 MB); it has no name while it is used.</param>
/// <param name="OpenNew">Opens a file of the new tree that was read to its end; null: there is no way, and a delta that needs one is refused.</param>
public sealed record DeltaPlace(string Scratch, Func<TreePath, IDeltaContent>? OpenNew)
{
    /// <summary>Name of the temporary file in the moment before it has none: whoever keeps the folder removes it.</summary>
    public const string TemporaryName = ".hostup-unpacked";

    /// <summary>How frames that cannot be used are made; null: all are used.</summary>
    public DeltaRepairs? Repairs { get; init; }
}
