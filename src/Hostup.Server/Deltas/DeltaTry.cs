using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Deltas;

/// <summary>One try of a worker to build one delta: starts the process, says that it lives as long as it does, and writes down what came of it.</summary>
internal sealed class DeltaTry(IServiceScopeFactory scopes, ServerOptions options, BlobStore blobs, ILogger<DeltaTry> log)
{
    /// <summary>Folder of what is built, below the data directory; it holds nothing that is worth keeping.</summary>
    public const string Folder = "deltas";

    /// <summary>How often progress is looked at.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>Without progress the lease is renewed this often: a server that stands still for half a minute keeps it.</summary>
    private static readonly TimeSpan RenewEvery = DeltaJobs.Lease / 4;

    /// <summary>Progress by less is not written down.</summary>
    private const double ProgressGrain = 0.01;

    /// <summary>Removes what tries left whose server fell; once, before there are new ones.</summary>
    public static void DropLeftovers(string dataDirectory)
    {
        string folder = Path.Combine(dataDirectory, Folder);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>Carries it out to its end.</summary>
    /// <param name="delta">As it was taken.</param>
    /// <param name="ct">The server ends: the delta is given back.</param>
    public async Task RunAsync(DeltaRow delta, CancellationToken ct)
    {
        string owner = delta.LeaseOwner!;
        string folder = Directory.CreateDirectory(Path.GetFullPath(Path.Combine(options.DataDirectory, Folder, owner))).FullName;
        try
        {
            log.DeltaBegun(delta.Id, owner, delta.Tries);
            if (!await BuildAsync(delta, owner, folder, ct))
                log.DeltaLost(delta.Id, owner);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await WithAsync<DeltaJobs>(j => j.GiveBackAsync(delta.Id, owner, CancellationToken.None));
        }
        catch (HostupException e)
        {
            await FailAsync(delta, owner, e, mayHelp: true);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>False: another worker has it.</returns>
    private async Task<bool> BuildAsync(DeltaRow delta, string owner, string folder, CancellationToken ct)
    {
        var (from, to) = await EnvelopesAsync(delta, ct);
        await using var process = DeltaProcess.Start(DeltaBuild.Command, Path.GetFullPath(options.DataDirectory), from.ToString(), to.ToString(), folder);
        long began = TimeProvider.System.GetTimestamp(), renewed = began;
        double told = 0;
        while (!process.Ended.IsCompleted)
        {
            var left = options.DeltaTimeout - TimeProvider.System.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
                return await FailAsync(delta, owner, new HostupException(HostupErrors.Program, "cannot build the delta", $"it was not done after {options.DeltaTimeout}", "look at the load of the server, then ask again with `hostup delta request`"), mayHelp: true);
            await Task.WhenAny(process.Ended, Task.Delay(left < Tick ? left : Tick, ct));
            ct.ThrowIfCancellationRequested();
            double progress = process.Progress;
            if (progress - told < ProgressGrain && TimeProvider.System.GetElapsedTime(renewed) < RenewEvery)
                continue;
            (told, renewed) = (progress, TimeProvider.System.GetTimestamp());
            if (!await WithAsync<DeltaJobs>(j => j.RenewAsync(delta.Id, owner, progress, ct)))
                return false;
        }
        return await EndAsync(delta, owner, folder, await process.Ended, ct);
    }

    private async Task<bool> EndAsync(DeltaRow delta, string owner, string folder, DeltaProcessEnd end, CancellationToken ct)
    {
        switch (end.Said)
        {
            case { Blob: { } blob } word:
                var kept = await blobs.TakeAsync(Path.Combine(folder, DeltaBuild.FileName), Digest.Parse(blob), ct);
                if (word.Repairs is { } repairs)
                    await blobs.TakeAsync(Path.Combine(folder, DeltaBuild.RepairsName), Digest.Parse(repairs), ct);
                return await WithAsync<DeltaOffers>(o => o.PutAsync(delta, kept, word, ct));
            case { NotWorth: true } word:
                return await WithAsync<DeltaOffers>(o => o.RefuseAsync(delta, word, ct));
            case { Error: { } error }:
                var code = HostupErrors.All.FirstOrDefault(c => c.Id == error.Code) ?? HostupErrors.Program;
                int colon = error.Title.IndexOf(": ", StringComparison.Ordinal);
                return await FailAsync(delta, owner, new HostupException(code, error.Title[..colon], error.Title[(colon + 2)..], error.Detail), mayHelp: code.Kind == HostupErrorKind.Transient);
            default:
                log.DeltaProcessFell(delta.Id, end.ExitCode, end.Trouble);
                string said = end.Trouble.Length > 0 ? end.Trouble.Split('\n')[0].Trim() : "it said nothing";
                return await FailAsync(delta, owner, new HostupException(HostupErrors.Program, "cannot build the delta", $"the process that built it ended with {end.ExitCode}: {said}", "look at memory and disk of the server, then ask again with `hostup delta request`"), mayHelp: true);
        }
    }

    private Task<bool> FailAsync(DeltaRow delta, string owner, HostupException e, bool mayHelp)
    {
        log.DeltaFailed(delta.Id, delta.Tries, e.Code.Id, e.Message);
        return WithAsync<DeltaJobs>(j => j.FailAsync(delta, owner, e, mayHelp, CancellationToken.None));
    }

    private async Task<(Digest From, Digest To)> EnvelopesAsync(DeltaRow delta, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HostupDb>();
        string from = await db.Releases.Where(r => r.Id == delta.FromReleaseId).Select(r => r.EnvelopeDigest).SingleAsync(ct);
        return (Digest.Parse(from), Digest.Parse(await db.Releases.Where(r => r.Id == delta.ToReleaseId).Select(r => r.EnvelopeDigest).SingleAsync(ct)));
    }

    private async Task<bool> WithAsync<T>(Func<T, Task<bool>> speak) where T : notnull
    {
        await using var scope = scopes.CreateAsyncScope();
        return await speak(scope.ServiceProvider.GetRequiredService<T>());
    }
}
