using System.Text.RegularExpressions;
using Hostup.Core.Wire;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;
using Prometheus;

namespace Hostup.Server.Monitoring;

/// <summary>
/// The numbers of this server for Prometheus, over all organisations. What the database knows is counted when somebody asks, at most each <see cref="Fresh"/>; the rest is counted as it happens, from the start of
/// the process.
/// </summary>
internal sealed partial class ServerMetrics : IDisposable
{
    /// <summary>More than one scraper costs no more queries.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(15);

    /// <summary>Causes come from devices: one that invents names does not fill the memory of whoever keeps the numbers.</summary>
    private const int MostCauses = 32;

    private const string OtherCause = "other";

    /// <summary>From an answer of the memory to a large upload, seconds.</summary>
    private static readonly double[] Durations = [0.005, 0.02, 0.1, 0.5, 2, 10, 60];

    private readonly IServiceScopeFactory _scopes;
    private readonly BlobStore _blobs;
    private readonly ServerOptions _options;
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly HashSet<string> _causes = [OtherCause];
    private readonly Gauge _devices, _open, _ended, _deltas, _blobCount, _blobBytes;
    private readonly Counter _received, _sent;
    private readonly Histogram _requests;
    private DateTimeOffset? _countedAt;

    public ServerMetrics(IServiceScopeFactory scopes, BlobStore blobs, ServerOptions options)
    {
        (_scopes, _blobs, _options) = (scopes, blobs, options);
        var factory = Metrics.WithCustomRegistry(_registry);
        _devices = factory.CreateGauge("hostup_devices", "Devices that were not retired: seen within three poll intervals, offline since, or never seen.", "seen");
        _open = factory.CreateGauge("hostup_attempts_open", "Attempts that have not ended, by state.", "state");
        _ended = factory.CreateGauge("hostup_attempts_ended", "Attempts that have ended, by how.", "outcome");
        _deltas = factory.CreateGauge("hostup_deltas", "Deltas by state; queued and building are the queue.", "state");
        _blobCount = factory.CreateGauge("hostup_blobs", "Blobs in the store.");
        _blobBytes = factory.CreateGauge("hostup_blob_bytes", "Bytes of the blobs in the store.");
        _received = factory.CreateCounter("hostup_attempt_received_bytes_total", "Bytes that devices received for attempts which ended since the server started, by cause.", "cause");
        _sent = factory.CreateCounter("hostup_attempt_sent_bytes_total", "Bytes that devices sent for attempts which ended since the server started, by cause.", "cause");
        _requests = factory.CreateHistogram("hostup_request_seconds", "How long requests took, those that wait for news among them.", ["method", "endpoint", "status"], new HistogramConfiguration { Buckets = Durations });
    }

    /// <summary>A request was answered.</summary>
    /// <param name="method">Of a known endpoint.</param>
    /// <param name="endpoint">Its pattern, not its address.</param>
    /// <param name="status">The answer's.</param>
    /// <param name="took">From the first byte to the last.</param>
    public void Count(string method, string endpoint, string status, TimeSpan took) => _requests.WithLabels(method, endpoint, status).Observe(took.TotalSeconds);

    /// <summary>An attempt has ended: what its device says of its bytes counts once.</summary>
    public void Count(AttemptReport report)
    {
        foreach (var bytes in report.Bytes)
        {
            string cause = Known(bytes.Cause);
            _received.WithLabels(cause).Inc(Math.Max(0, bytes.Received));
            _sent.WithLabels(cause).Inc(Math.Max(0, bytes.Sent));
        }
    }

    /// <summary>Everything as Prometheus reads it.</summary>
    public async Task<byte[]> WriteAsync(CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            var now = _options.Time.GetUtcNow();
            if (_countedAt is not { } at || now - at >= Fresh)
            {
                await CountAllAsync(now, ct);
                _countedAt = now;
            }
        }
        finally
        {
            _one.Release();
        }
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, ct);
        return text.ToArray();
    }

    public void Dispose() => _one.Dispose();

    private async Task CountAllAsync(DateTimeOffset now, CancellationToken ct)
    {
        await using var scope = _scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HostupDb>();
        var since = now - (3 * _options.PollInterval);
        int all = await db.Devices.CountAsync(d => d.RetiredAt == null, ct);
        int seen = await db.Devices.CountAsync(d => d.RetiredAt == null && d.LastSeenAt >= since, ct);
        int never = await db.Devices.CountAsync(d => d.RetiredAt == null && d.LastSeenAt == null, ct);
        Set(_devices, [("yes", seen), ("never", never), ("offline", all - seen - never)]);
        var attempts = await db.Attempts.GroupBy(a => a.State).Select(g => new { State = g.Key, Count = g.Count() }).ToListAsync(ct);
        Set(_open, attempts.Where(a => !AttemptStates.IsTerminal(a.State)).Select(a => (a.State, a.Count)));
        Set(_ended, attempts.Where(a => AttemptStates.IsTerminal(a.State)).Select(a => (a.State, a.Count)));
        var deltas = await db.Deltas.GroupBy(d => d.State).Select(g => new { State = g.Key, Count = g.Count() }).ToListAsync(ct);
        Set(_deltas, deltas.Select(d => (d.State, d.Count)));
        var blobs = _blobs.All().Select(b => b.Bytes).ToList();
        _blobCount.Set(blobs.Count);
        _blobBytes.Set(blobs.Sum());
    }

    /// <summary>What is not counted any more is none.</summary>
    private static void Set(Gauge gauge, IEnumerable<(string Label, int Count)> counts)
    {
        foreach (string[] labels in gauge.GetAllLabelValues())
            gauge.WithLabels(labels).Set(0);
        foreach (var (label, count) in counts)
            gauge.WithLabels(label).Set(count);
    }

    private string Known(string cause)
    {
        lock (_causes)
            return Cause().IsMatch(cause) && (_causes.Contains(cause) || (_causes.Count < MostCauses && _causes.Add(cause))) ? cause : OtherCause;
    }

    [GeneratedRegex("^[a-z][a-z-]{0,31}$")]
    private static partial Regex Cause();
}
