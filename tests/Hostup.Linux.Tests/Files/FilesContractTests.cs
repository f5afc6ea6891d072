using Hostup.Lab.Sim;
using Hostup.Linux.Files;
using Hostup.Updates.Files;

namespace Hostup.Linux.Tests.Files;

/// <summary>What every implementation of the file port does: the real one and the simulated one.</summary>
public sealed class FilesContractTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-files-").FullName;

    public static TheoryData<string> Implementations => new("linux", "sim");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory, MemberData(nameof(Implementations))]
    public void What_is_created_reads_back_and_is_listed(string implementation)
    {
        var files = Make(implementation);

        files.Create("/mnt/state/x/a", "one"u8);

        Assert.Equal("one"u8.ToArray(), files.Read("/mnt/state/x/a"));
        Assert.Equal(3, files.Length("/mnt/state/x/a"));
        Assert.True(files.Exists("/mnt/state/x/a") && files.Exists("/mnt/state/x"));
        Assert.Equal(["a"], files.ListFiles("/mnt/state/x"));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void What_is_not_there_is_null_empty_or_an_exception(string implementation)
    {
        var files = Make(implementation);

        Assert.Null(files.Length("/mnt/state/none"));
        Assert.False(files.Exists("/mnt/state/none"));
        Assert.Empty(files.ListFiles("/mnt/state/none"));
        Assert.Throws<FileNotFoundException>(() => files.Read("/mnt/state/none"));
        files.Delete("/mnt/state/none");
        files.DeleteDirectory("/mnt/state/none");
    }

    [Theory, MemberData(nameof(Implementations))]
    public void An_overwrite_keeps_the_length_and_never_grows_a_file(string implementation)
    {
        var files = Make(implementation);
        files.Create("/mnt/state/x/a", "0123456789"u8);

        files.Overwrite("/mnt/state/x/a", 3, "xyz"u8);

        Assert.Equal("012xyz6789"u8.ToArray(), files.Read("/mnt/state/x/a"));
        Assert.Throws<InvalidOperationException>(() => files.Overwrite("/mnt/state/x/a", 8, "xyz"u8));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void A_rename_replaces_and_an_exchange_swaps(string implementation)
    {
        var files = Make(implementation);
        files.Create("/mnt/state/x/a", "a"u8);
        files.Create("/mnt/state/x/b", "b"u8);

        Assert.True(files.Exchange("/mnt/state/x/a", "/mnt/state/x/b"));
        Assert.Equal("b"u8.ToArray(), files.Read("/mnt/state/x/a"));
        files.Rename("/mnt/state/x/b", "/mnt/state/x/a");

        Assert.Equal("a"u8.ToArray(), files.Read("/mnt/state/x/a"));
        Assert.Equal(["a"], files.ListFiles("/mnt/state/x"));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void A_copy_has_the_content_and_the_hash_of_its_original(string implementation)
    {
        var files = Make(implementation);
        byte[] content = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31))];
        files.Create("/mnt/state/x/a", content);
        files.Create("/mnt/state/x/b", "longer than nothing"u8);

        files.Copy("/mnt/state/x/a", "/mnt/state/x/b");

        Assert.Equal(content, files.Read("/mnt/state/x/b"));
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(content), files.Hash("/mnt/state/x/b", System.Security.Cryptography.HashAlgorithmName.SHA256));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void An_atomic_file_leaves_nothing_beside_it(string implementation)
    {
        var files = Make(implementation);

        AtomicFile.Write(files, "/mnt/state/x/a", "one"u8);
        AtomicFile.Write(files, "/mnt/state/x/a", "two"u8);

        Assert.Equal("two"u8.ToArray(), files.Read("/mnt/state/x/a"));
        Assert.Equal(["a"], files.ListFiles("/mnt/state/x"));
        AtomicFile.Delete(files, "/mnt/state/x/a");
        Assert.Empty(files.ListFiles("/mnt/state/x"));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Files_go_together_and_those_that_are_not_there_are_passed_over(string implementation)
    {
        var files = Make(implementation);
        files.Create("/mnt/state/x/a", "one"u8);
        files.Create("/mnt/state/x/b", "two"u8);

        files.DeleteTogether(["/mnt/state/x/a", "/mnt/state/none/c", "/mnt/state/x/b"]);
        files.DeleteTogether([]);

        Assert.Empty(files.ListFiles("/mnt/state/x"));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Everything_can_be_flushed(string implementation)
    {
        var files = Make(implementation);
        files.Create("/mnt/state/x/a", "one"u8);

        files.Flush("/mnt/state/x/a");
        files.FlushDirectory("/mnt/state/x");
        files.FlushFileSystem("/mnt/state");

        Assert.True(files.FreeBytes("/mnt/state") > 0);
    }

    private IFiles Make(string implementation)
    {
        if (implementation == "sim")
            return new SimDevice(SimRelease.Make("1.0.0", SimBehaviour.Good), SimRelease.Make("2.0.0", SimBehaviour.Good)).Files;
        var files = new LinuxFiles(_root);
        files.CreateDirectory("/mnt/state/x");
        return files;
    }
}
