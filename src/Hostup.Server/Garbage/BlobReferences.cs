using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Updaters;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Garbage;

/// <summary>
/// Which blobs are referred to. Rows name documents and contents; documents name whatever they say a digest of: fields that this program does not know count too. A layer that was sent and that
/// no manifest names is not referred to, though its repository has it.
/// </summary>
internal sealed partial class BlobReferences(HostupDb db, BlobStore blobs, UpdaterPacks packs)
{
    /// <summary>Reads every row and every document.</summary>
    public async Task<MarkedBlobs> MarkAsync(CancellationToken ct)
    {
        var used = new HashSet<Digest>(packs.Blobs());
        var unreadable = new List<Digest>();
        foreach (var content in Parse(await ContentsAsync(ct)))
            used.Add(content);
        foreach (var envelope in Parse(await EnvelopesAsync(ct)))
            await AddAsync(envelope, isEnvelope: true, used, unreadable, ct);
        foreach (var manifest in Parse(await ManifestsAsync(ct)))
            await AddAsync(manifest, isEnvelope: false, used, unreadable, ct);
        return new MarkedBlobs(used, unreadable);
    }

    /// <summary>Whether a row names a blob now, or a delta of updaters is one.</summary>
    public async Task<bool> IsNamedAsync(Digest blob, CancellationToken ct)
    {
        string name = blob.ToString();
        return packs.Has(blob)
            || await db.Releases.AnyAsync(r => r.EnvelopeDigest == name || r.ImageDigest == name, ct)
            || await db.Updaters.AnyAsync(u => u.Digest == name || u.EnvelopeDigest == name, ct)
            || await db.TrustLists.AnyAsync(t => t.EnvelopeDigest == name, ct)
            || await db.Deltas.AnyAsync(d => d.BlobDigest == name || d.ArtifactDigest == name, ct)
            || await db.RepositoryTags.AnyAsync(t => t.Digest == name, ct)
            || await db.RepositoryContents.AnyAsync(c => c.Digest == name && c.MediaType != null, ct);
    }

    private async Task<List<string?>> ContentsAsync(CancellationToken ct) =>
    [
        .. await db.Updaters.Select(u => u.Digest).Distinct().ToListAsync(ct),
        .. await db.Attempts.Where(a => a.UpdaterDigest != null).Select(a => a.UpdaterDigest).Distinct().ToListAsync(ct),
        .. await db.Deltas.Where(d => d.BlobDigest != null).Select(d => d.BlobDigest).Distinct().ToListAsync(ct),
    ];

    private async Task<List<string?>> EnvelopesAsync(CancellationToken ct) =>
    [
        .. await db.Releases.Select(r => r.EnvelopeDigest).Distinct().ToListAsync(ct),
        .. await db.Updaters.Select(u => u.EnvelopeDigest).Distinct().ToListAsync(ct),
        .. await db.TrustLists.Select(t => t.EnvelopeDigest).Distinct().ToListAsync(ct),
    ];

    private async Task<List<string?>> ManifestsAsync(CancellationToken ct) =>
    [
        .. await db.RepositoryContents.Where(c => c.MediaType != null).Select(c => c.Digest).Distinct().ToListAsync(ct),
        .. await db.RepositoryTags.Select(t => t.Digest).Distinct().ToListAsync(ct),
        .. await db.Releases.Select(r => r.ImageDigest).Distinct().ToListAsync(ct),
        .. await db.Deltas.Where(d => d.ArtifactDigest != null).Select(d => d.ArtifactDigest).Distinct().ToListAsync(ct),
    ];

    private static IEnumerable<Digest> Parse(IEnumerable<string?> names) =>
        names.Distinct().Select(n => Digest.TryParse(n, out var digest) ? digest : (Digest?)null).OfType<Digest>();

    private async Task AddAsync(Digest document, bool isEnvelope, HashSet<Digest> used, List<Digest> unreadable, CancellationToken ct)
    {
        used.Add(document);
        try
        {
            byte[] bytes = await blobs.ReadAsync(document, ct);
            if (Digest.Of(bytes) != document)
                throw new InvalidDataException("the content is another one");
            var content = isEnvelope ? Envelope.Parse(bytes).UnverifiedPayload : bytes;
            Collect(Encoding.Latin1.GetString(content.Span), used);
            using var json = JsonDocument.Parse(content);
            Collect(json.RootElement, used);
        }
        catch (InvalidOperationException)
        {
            // half a character, which only a text has that names nothing: what stands there as it is written counts
        }
        catch (Exception e) when (e is HostupException or JsonException or IOException or InvalidDataException)
        {
            unreadable.Add(document);
        }
    }

    private static void Collect(JsonElement element, HashSet<Digest> used)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    Collect(property.Name, used);
                    Collect(property.Value, used);
                }
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    Collect(item, used);
                break;
            case JsonValueKind.String:
                Collect(element.GetString()!, used);
                break;
        }
    }

    private static void Collect(string text, HashSet<Digest> used)
    {
        foreach (Match match in Name().Matches(text))
            used.Add(Digest.Parse(match.Value));
    }

    [GeneratedRegex("sha256:[0-9a-f]{64}")]
    private static partial Regex Name();
}
