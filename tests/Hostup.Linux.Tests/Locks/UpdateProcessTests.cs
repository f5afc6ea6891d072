using System.Globalization;
using Hostup.Lab.Programs;
using Hostup.Linux.Locks;

namespace Hostup.Linux.Tests.Locks;

/// <summary>Who holds the update lock, told without asking for it.</summary>
public sealed class UpdateProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-holder-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_process_that_holds_the_lock_is_named_with_program_and_time()
    {
        string path = Lock("process 77 /usr/bin/hostup-device since 2026-01-01T00:00:00Z");

        Assert.Equal("process 77 /usr/bin/hostup-device since 2026-01-01T00:00:00Z", UpdateLock.Holder(path, Locks("77")));
    }

    [Fact]
    public void A_process_that_ended_holds_nothing() =>
        Assert.Null(UpdateLock.Holder(Lock("process 77 /usr/bin/hostup-device since 2026-01-01T00:00:00Z"), Locks("78")));

    [Fact]
    public async Task Who_holds_it_for_a_moment_carries_out_no_update()
    {
        string path = Path.Combine(_folder, "moment.lock");
        using (UpdateLock.Take(path, forAMoment: true))
            // by another program: FileStream takes a lock of its own
            Assert.EndsWith(" for a moment\n", await new Tool("cat").RunAsync([path], TestContext.Current.CancellationToken), StringComparison.Ordinal);

        Assert.Null(UpdateLock.Holder(Lock("process 77 /usr/bin/hostup-device since 2026-01-01T00:00:00Z for a moment"), Locks("77")));
    }

    [Fact]
    public void A_lock_that_was_never_taken_is_held_by_nobody() => Assert.Null(UpdateLock.Holder(Path.Combine(_folder, "none"), Locks("77")));

    [Fact]
    public void Our_own_lock_is_no_other_update_and_says_who_we_are()
    {
        string path = Path.Combine(_folder, "own.lock");
        using var held = UpdateLock.Take(path);
        string pid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

        Assert.Null(UpdateLock.Holder(path, Locks(pid)));
        Assert.Throws<Core.Errors.HostupException>(() => UpdateLock.Take(path));
    }

    [Fact]
    public void The_kernel_lists_the_lock_of_a_process_by_its_id()
    {
        string path = Path.Combine(_folder, "listed.lock");
        string mine = $" {Environment.ProcessId} ";
        using (UpdateLock.Take(path))
            Assert.Contains(File.ReadLines("/proc/locks"), l => l.Contains("FLOCK", StringComparison.Ordinal) && l.Contains("WRITE", StringComparison.Ordinal) && l.Contains(mine, StringComparison.Ordinal));
    }

    private string Lock(string line)
    {
        string path = Path.Combine(_folder, "update.lock");
        File.WriteAllText(path, line + "\n");
        return path;
    }

    private string Locks(string pid)
    {
        string path = Path.Combine(_folder, "locks");
        File.WriteAllText(path, $"1: POSIX  ADVISORY  WRITE 77 00:19:573 0 EOF\n2: FLOCK  ADVISORY  WRITE {pid} 00:19:574 0 EOF\n");
        return path;
    }
}
