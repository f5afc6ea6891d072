using System.Security.Cryptography;
using Hostup.Linux.Files;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;

namespace Hostup.Linux.Tests.Files;

/// <summary>What the kernel says of a path that cannot be looked at: a real error (too many links) stands for one of a failing medium.</summary>
public sealed class LinuxFilesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-real-files-").FullName;
    private readonly LinuxFiles _files;

    public LinuxFilesTests()
    {
        _files = new LinuxFiles(_root);
        Directory.CreateDirectory(_root + "/mnt");
        File.WriteAllText(_root + "/mnt/file", "x");
        // each leads to the other
        File.CreateSymbolicLink(_root + "/mnt/state", "state2");
        File.CreateSymbolicLink(_root + "/mnt/state2", "state");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("/mnt/none")]
    [InlineData("/mnt/none/below")]
    [InlineData("/mnt/file/below")]
    public void What_is_not_there_is_no_error(string path)
    {
        Assert.False(_files.Exists(path));
        Assert.Null(_files.Length(path));
        Assert.Empty(_files.ListFiles(path));
        _files.DeleteTogether([path]);
        _files.DeleteDirectory(path);
    }

    [Fact]
    public void What_cannot_be_looked_at_is_not_taken_for_missing()
    {
        Assert.Throws<IOException>(() => _files.Exists(Places.AltbootBreadcrumb));
        Assert.Throws<IOException>(() => _files.Length(Places.Journal));
        Assert.Throws<IOException>(() => _files.ListFiles(Places.Hostup));
        Assert.Throws<IOException>(() => _files.DeleteTogether([Places.AltbootBreadcrumb]));
        Assert.Throws<IOException>(() => _files.DeleteDirectory(Places.Hostup));
    }

    [Fact]
    public void A_journal_that_cannot_be_looked_at_is_not_taken_for_one_without_an_attempt() =>
        Assert.Throws<IOException>(() => new AttemptJournal(_files).Read());

    [Fact]
    public void A_directory_has_no_length_and_a_file_holds_no_files()
    {
        Assert.True(_files.Exists("/mnt"));
        Assert.Null(_files.Length("/mnt"));
        Assert.Equal(1, _files.Length("/mnt/file"));
        Assert.Empty(_files.ListFiles("/mnt/file"));
    }

    /// <summary>.NET says of both that the program is not authorized, which is no error of a file to those who catch these.</summary>
    [Fact]
    public void What_may_not_be_opened_or_removed_is_an_error_of_the_medium()
    {
        Assert.Throws<IOException>(() => _files.Read("/mnt"));
        Assert.Throws<IOException>(() => _files.Hash("/mnt", HashAlgorithmName.SHA256));
        Assert.Throws<IOException>(() => _files.Create("/mnt", "x"u8));
        Assert.Throws<IOException>(() => _files.Copy("/mnt/file", "/mnt"));
        Assert.Throws<IOException>(() => _files.Copy("/mnt", "/mnt/other"));
        Assert.Throws<IOException>(() => _files.Overwrite("/mnt", 0, "x"u8));
        Assert.Throws<IOException>(() => _files.Flush("/mnt"));
        Assert.Throws<IOException>(() => _files.Delete("/mnt"));
    }

    [Fact]
    public void A_medium_without_room_says_so()
    {
        File.CreateSymbolicLink(_root + "/mnt/full", "/dev/full");

        Assert.Throws<NoRoomException>(() => _files.Create("/mnt/full", "x"u8));
        Assert.Throws<NoRoomException>(() => _files.Copy("/mnt/file", "/mnt/full"));
    }

    [Fact]
    public void Boot_files_are_compared_by_content_and_not_by_time()
    {
        string root = _root + "/device", old = root + "/mnt/boot/kernel.img", release = root + "/set/kernel.img";
        foreach (string file in new[] { old, release })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, "6.12.1");
        }
        var boot = new BootPartition(new LinuxFiles(root), "boot-1");
        // what a board without a clock writes
        File.SetLastWriteTimeUtc(old, new DateTime(1980, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        int otherTime = boot.Need("/set", KeptBack.BuiltIn, fromPartition: 2, toPartition: 3).Changes;

        File.WriteAllText(old, "6.12.2");
        File.SetLastWriteTimeUtc(old, File.GetLastWriteTimeUtc(release));

        Assert.Equal((0, 1), (otherTime, boot.Need("/set", KeptBack.BuiltIn, fromPartition: 2, toPartition: 3).Changes));
    }

    [Fact]
    public void An_exchange_that_the_kernel_does_not_know_for_these_names_is_left_to_a_rename()
    {
        Directory.CreateDirectory(_root + "/mnt/outer/inner");

        Assert.False(_files.Exchange("/mnt/outer", "/mnt/outer/inner")); // EINVAL, as vfat says before Linux 6.0

        Assert.True(Directory.Exists(_root + "/mnt/outer/inner"));
    }

    [Fact]
    public void An_exchange_that_fails_says_why()
    {
        var error = Assert.Throws<IOException>(() => _files.Exchange("/mnt/file", "/mnt/none"));

        Assert.Equal("cannot exchange /mnt/file and /mnt/none: No such file or directory", error.Message);
    }
}
