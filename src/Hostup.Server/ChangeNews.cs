using System.Collections.Concurrent;

namespace Hostup.Server;

/// <summary>Wakes those who wait for something to change. A hint only: the database is the truth, and waiters look again now and then.</summary>
internal abstract class ChangeNews
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new();

    /// <summary>Completes at the next change. Ask before looking at the database, else a change in between is missed.</summary>
    public Task NextAsync(string id) =>
        _waiting.GetOrAdd(id, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>It has changed.</summary>
    public void Tell(string id)
    {
        if (_waiting.TryRemove(id, out var waiting))
            waiting.SetResult();
    }
}
