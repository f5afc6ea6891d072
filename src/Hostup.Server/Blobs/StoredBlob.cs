using Hostup.Core;

namespace Hostup.Server.Blobs;

/// <summary>A blob of the store.</summary>
/// <param name="Digest">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="ChangedAt">When it was sent, or last found by somebody who was about to refer to it.</param>
internal sealed record StoredBlob(Digest Digest, long Bytes, DateTimeOffset ChangedAt);
