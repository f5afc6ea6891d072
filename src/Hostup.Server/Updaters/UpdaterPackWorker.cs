using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Deltas;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updaters;

/// <summary>Builds the deltas to the newest device programs, from those before them and from none, in processes of their own.</summary>
internal sealed class UpdaterPackWorker(IServiceScopeFactory scopes, UpdaterPacks packs, BlobStore blobs, DeltaNews news, ServerOptions options, ILogger<UpdaterPackWorker> log) : BackgroundService
{
    /// <summary>Smaller programs are transferred as they are.</summary>
    public const long SmallestProgram = 1 << 20;

    /// <summary>Newest programs of a platform that get deltas: those that are still transferred.</summary>
    private const int Targets = 3;

    /// <summary>Programs before each of them that devices may have.</summary>
    private const int Bases = 3;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(5);

    private readonly HashSet<(Digest, Digest?)> _fallen = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (options.DeltaWorkers > 0 && !stoppingToken.IsCancellationRequested)
        {
            var published = news.NextAsync(DeltaNews.Updaters);
            if (!await WorkOnceAsync(stoppingToken))
                await Task.WhenAny(published, Task.Delay(LookAgain, stoppingToken));
        }
    }

    /// <returns>False: there was nothing to build, or something fell that should not; devices take the whole program then.</returns>
    private async Task<bool> WorkOnceAsync(CancellationToken ct)
    {
        try
        {
            if (await NextAsync(ct) is not { } pair)
                return false;
            if (!await BuildAsync(pair.Updater, pair.From, ct))
                _fallen.Add(pair);
            return true;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e)
        {
            log.UpdaterPackFailed(e);
            return false;
        }
    }

    /// <summary>A pair of which nothing is known.</summary>
    private async Task<(Digest Updater, Digest? From)?> NextAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var rows = await scope.ServiceProvider.GetRequiredService<HostupDb>().Updaters.AsNoTracking().Where(u => u.Size >= SmallestProgram).OrderByDescending(u => u.PublishedAt).Take(100).ToListAsync(ct);
        foreach (var programs in rows.GroupBy(r => (r.OrganisationId, r.Platform)).Select(g => g.Select(r => Digest.Parse(r.Digest)).ToList()))
            for (int i = 0; i < Math.Min(Targets, programs.Count); i++)
                foreach (var from in programs.Skip(i + 1).Take(Bases).Select(d => (Digest?)d).Append(null))
                    if (!packs.IsSettled(programs[i], from) && !_fallen.Contains((programs[i], from)))
                        return (programs[i], from);
        return null;
    }

    /// <returns>False: the process fell; it is not tried again before the server starts anew.</returns>
    private async Task<bool> BuildAsync(Digest updater, Digest? from, CancellationToken ct)
    {
        string folder = Directory.CreateDirectory(Path.GetFullPath(Path.Combine(options.DataDirectory, DeltaTry.Folder, "pack-" + Ids.New()))).FullName;
        try
        {
            await using var process = DeltaProcess.Start(DeltaBuild.PackCommand, Path.GetFullPath(options.DataDirectory), from?.ToString() ?? DeltaBuild.NoProgram, updater.ToString(), folder);
            var end = await process.Ended.WaitAsync(options.DeltaTimeout, ct);
            switch (end.Said)
            {
                case { Blob: { } blob } word:
                    var kept = await blobs.TakeAsync(Path.Combine(folder, DeltaBuild.FileName), Digest.Parse(blob), ct);
                    packs.Add(updater, new UpdaterPack(from, kept, word.Bytes));
                    log.UpdaterPackReady(updater.ToString(), from?.ToString() ?? DeltaBuild.NoProgram, word.Bytes);
                    return true;
                case { NotWorth: true }:
                    packs.Refuse(updater, from);
                    return true;
                default:
                    log.UpdaterPackFell(updater.ToString(), from?.ToString() ?? DeltaBuild.NoProgram, end.Said?.Error?.Title ?? end.Trouble);
                    return false;
            }
        }
        catch (Exception e) when (e is TimeoutException or HostupException)
        {
            log.UpdaterPackFell(updater.ToString(), from?.ToString() ?? DeltaBuild.NoProgram, e.Message);
            return false;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
