using System.Collections.Concurrent;

namespace Hostup.Server.Updates;

/// <summary>Wakes those who wait for an attempt to change. A hint only: the database is the truth, and waiters look again now and then.</summary>
internal sealed class AttemptNews
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new();

    /// <summary>Completes at the next change. Ask before looking at the database, else a change in between is missed.</summary>
    public Task NextAsync(string attemptId) =>
        _waiting.GetOrAdd(attemptId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>The attempt has changed.</summary>
    public void Tell(string attemptId)
    {
        if (_waiting.TryRemove(attemptId, out var waiting))
            waiting.SetResult();
    }
}
