using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Releases;

/// <summary>Writes down which tree each release has, for those that were published before the server kept it.</summary>
internal static class ReleaseTrees
{
    /// <summary>Once, at start. A release whose envelope is gone or cannot be read stays without, and has no deltas.</summary>
    public static async Task FillAsync(HostupDb db, BlobStore blobs, CancellationToken ct)
    {
        foreach (var release in await db.Releases.AsNoTracking().Where(r => r.TreeDigest == null).ToListAsync(ct))
        {
            if (blobs.Find(Digest.Parse(release.EnvelopeDigest)) is not { } path || Read(await File.ReadAllBytesAsync(path, ct)) is not { } tree)
                continue;
            await db.Releases.Where(r => r.Id == release.Id).ExecuteUpdateAsync(s => s.SetProperty(r => r.TreeDigest, tree), ct);
        }
    }

    private static string? Read(byte[] envelope)
    {
        try
        {
            return ReleaseManifest.Read(Envelope.Parse(envelope).UnverifiedPayload.Span).TreeDigest.ToString();
        }
        catch (HostupException)
        {
            return null;
        }
    }
}
