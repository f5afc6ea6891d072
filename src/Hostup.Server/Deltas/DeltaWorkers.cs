namespace Hostup.Server.Deltas;

/// <summary>Builds deltas beside the server's requests, as many at once as it was told to.</summary>
internal sealed class DeltaWorkers(IServiceScopeFactory scopes, DeltaTry tries, DeltaNews news, ServerOptions options, ILogger<DeltaWorkers> log) : BackgroundService
{
    /// <summary>A worker looks again this often without a hint, for leases that have ended.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Enumerable.Range(0, options.DeltaWorkers).Select(_ => WorkAsync(stoppingToken)));

    private async Task WorkAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var queued = news.NextAsync(DeltaNews.Queue);
            if (!await WorkOnceAsync(ct))
                await Task.WhenAny(queued, Task.Delay(LookAgain, ct));
        }
    }

    /// <summary>Takes a delta and builds it.</summary>
    /// <returns>False: there was none, or something fell that should not: a worker goes on whatever happens, as devices are served whatever one of them sends.</returns>
    private async Task<bool> WorkOnceAsync(CancellationToken ct)
    {
        try
        {
            if (await TakeAsync(ct) is not { } delta)
                return false;
            await tries.RunAsync(delta, ct);
            return true;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e)
        {
            log.DeltaWorkerFailed(e);
            return false;
        }
    }

    private async Task<DeltaRow?> TakeAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<DeltaJobs>().TakeAsync($"{Environment.MachineName}-{Environment.ProcessId}-{Ids.New()}", ct);
    }
}
