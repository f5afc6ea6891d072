using System.Security.Cryptography;
using Hostup.Linux.Files;
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
