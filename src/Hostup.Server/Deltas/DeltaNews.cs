using System.Collections.Concurrent;

namespace Hostup.Server.Deltas;

/// <summary>Wakes those who wait for a delta to change, and workers that wait for one to build. A hint only: the database is the truth, and waiters look again now and then.</summary>
internal sealed class DeltaNews
{
    /// <summary>What workers wait for: no delta has this id.</summary>
    public const string Queue = "";

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new();

    /// <summary>Completes at the next change. Ask before looking at the database, else a change in between is missed.</summary>
    public Task NextAsync(string deltaId) =>
        _waiting.GetOrAdd(deltaId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>The delta has changed.</summary>
    public void Tell(string deltaId)
    {
        if (_waiting.TryRemove(deltaId, out var waiting))
            waiting.SetResult();
    }
}
