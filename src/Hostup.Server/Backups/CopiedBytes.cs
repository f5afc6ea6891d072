namespace Hostup.Server.Backups;

/// <summary>What was copied.</summary>
/// <param name="Blobs">How many blobs.</param>
/// <param name="BlobBytes">Bytes of them.</param>
/// <param name="DatabaseBytes">Bytes of the database.</param>
internal sealed record CopiedBytes(int Blobs, long BlobBytes, long DatabaseBytes);
