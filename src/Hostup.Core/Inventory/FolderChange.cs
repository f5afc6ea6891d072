namespace Hostup.Core.Inventory;

/// <summary>A folder whose content has another size.</summary>
/// <param name="Folder">Its path, at most two names deep.</param>
/// <param name="FromBytes">Bytes of content in the first image.</param>
/// <param name="ToBytes">Bytes of content in the second.</param>
public sealed record FolderChange(string Folder, long FromBytes, long ToBytes);
