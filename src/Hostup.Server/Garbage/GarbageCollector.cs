using Hostup.Core.Wire;
using Hostup.Server.Blobs;

namespace Hostup.Server.Garbage;

/// <summary>
/// Deletes blobs that nothing refers to and that are older than the age of <see cref="ServerOptions.GarbageAge"/>. Whoever is about to refer to a blob that is there renews it first
/// (<see cref="BlobStore.Renew"/>), so that what a push under way found there stays.
/// </summary>
internal sealed class GarbageCollector(IServiceScopeFactory scopes, BlobStore blobs, ServerOptions options, ILogger<GarbageCollector> log) : IDisposable
{
    /// <summary>Longer lists tell nothing more; the sums count all.</summary>
    private const int MostNamed = 1000;

    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>What a collection would delete now; nothing is changed.</summary>
    public Task<GarbageReport> LookAsync(CancellationToken ct) => OneAsync(deletes: false, ct);

    /// <summary>Deletes it; nothing as long as a document cannot be read, for what it refers to is not known. Uploads that nobody went on with for so long end too.</summary>
    public async Task<GarbageReport> CollectAsync(CancellationToken ct)
    {
        blobs.DropUploadsBefore(DateTimeOffset.UtcNow - options.GarbageAge);
        var report = await OneAsync(deletes: true, ct);
        if (report.Unreadable is not [])
            log.GarbageKept(report.Unreadable.Count, report.Unreadable[0].ToString());
        else if (report.DeletedBlobs > 0)
            log.GarbageDeleted(report.DeletedBlobs, report.DeletedBytes);
        return report;
    }

    public void Dispose() => _one.Dispose();

    private async Task<GarbageReport> OneAsync(bool deletes, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            return await RunAsync(deletes, ct);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<GarbageReport> RunAsync(bool deletes, CancellationToken ct)
    {
        // age is that of files: it counts by the clock that dates them
        var before = DateTimeOffset.UtcNow - options.GarbageAge;
        // before the rows are read: what comes after this is not looked at
        var all = blobs.All().ToList();
        await using var scope = scopes.CreateAsyncScope();
        var references = scope.ServiceProvider.GetRequiredService<BlobReferences>();
        var marked = await references.MarkAsync(ct);
        var garbage = all.Where(b => b.ChangedAt < before && !marked.Used.Contains(b.Digest)).ToList();
        var deleted = deletes && marked.Unreadable is [] ? await DeleteAsync(references, garbage, before, ct) : [];
        return new GarbageReport
        {
            UnchangedSince = before,
            Blobs = all.Count,
            Bytes = all.Sum(b => b.Bytes),
            GarbageBlobs = garbage.Count,
            GarbageBytes = garbage.Sum(b => b.Bytes),
            DeletedBlobs = deleted.Count,
            DeletedBytes = deleted.Sum(b => b.Bytes),
            Garbage = [.. garbage.OrderByDescending(b => b.Bytes).Take(MostNamed).Select(b => new GarbageBlob(b.Digest, b.Bytes, b.ChangedAt))],
            Unreadable = [.. marked.Unreadable.Take(MostNamed)],
        };
    }

    /// <summary>Looks at each again: a row may name it by now, or somebody is about to write one.</summary>
    private async Task<List<StoredBlob>> DeleteAsync(BlobReferences references, List<StoredBlob> garbage, DateTimeOffset before, CancellationToken ct)
    {
        var deleted = new List<StoredBlob>();
        foreach (var blob in garbage)
        {
            if (!await references.IsNamedAsync(blob.Digest, ct) && blobs.DeleteOlder(blob.Digest, before))
                deleted.Add(blob);
        }
        return deleted;
    }
}
