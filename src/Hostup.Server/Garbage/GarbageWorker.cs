namespace Hostup.Server.Garbage;

/// <summary>Collects garbage now and then, beside the server's requests.</summary>
internal sealed class GarbageWorker(GarbageCollector collector, ServerOptions options, ILogger<GarbageWorker> log) : BackgroundService
{
    /// <summary>A server that is started each day collects too, but not while it has just come up.</summary>
    private static readonly TimeSpan First = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.GarbageInterval <= TimeSpan.Zero)
            return;
        var wait = options.GarbageInterval < First ? options.GarbageInterval : First;
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(wait, stoppingToken);
            await CollectAsync(stoppingToken);
            wait = options.GarbageInterval;
        }
    }

    /// <summary>What falls falls alone: devices are served, and the next time may do better.</summary>
    private async Task CollectAsync(CancellationToken ct)
    {
        try
        {
            await collector.CollectAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // the server ends
        }
        catch (Exception e)
        {
            log.GarbageFailed(e);
        }
    }
}
