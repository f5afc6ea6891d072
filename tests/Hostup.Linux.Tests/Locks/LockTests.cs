using Hostup.Core.Errors;
using Hostup.Linux.Locks;

namespace Hostup.Linux.Tests.Locks;

public sealed class LockTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-locks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_second_update_is_refused_and_told_who_holds_the_lock()
    {
        string path = Path.Combine(_folder, "update.lock");
        using var first = UpdateLock.Take(path);

        var error = Assert.Throws<HostupException>(() => UpdateLock.Take(path));

        Assert.Equal(HostupErrors.UpdateRunning, error.Code);
        Assert.Contains($"process {Environment.ProcessId} {Environment.ProcessPath} since", error.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_update_is_refused_also_where_it_would_wait_for_a_moment()
    {
        string path = Path.Combine(_folder, "update.lock");
        using var first = UpdateLock.Take(path);

        var error = await Assert.ThrowsAsync<HostupException>(() => UpdateLock.TakeAsync(path, default));

        Assert.Equal(HostupErrors.UpdateRunning, error.Code);
    }

    [Fact]
    public async Task An_update_waits_for_who_holds_the_lock_for_a_moment_and_begins_then()
    {
        string path = Path.Combine(_folder, "update.lock");
        var moment = UpdateLock.Take(path, forAMoment: true);

        var waiting = UpdateLock.TakeAsync(path, default);
        Assert.False(waiting.IsCompleted);
        moment.Dispose();
        using var update = await waiting;

        Assert.Throws<HostupException>(() => UpdateLock.Take(path, forAMoment: true));
    }

    [Fact]
    public void The_lock_of_an_update_that_ended_is_free_again()
    {
        string path = Path.Combine(_folder, "update.lock");
        UpdateLock.Take(path).Dispose();

        using var second = UpdateLock.Take(path);
    }
}
