using Hostup.Oci.Layouts;

namespace Hostup.Oci.Tests;

public sealed class FileFlushTests
{
    [Fact]
    public void What_the_kernel_refuses_to_flush_is_an_error()
    {
        // A character device has nothing that could be flushed, and fsync(2) says EINVAL.
        using var file = new FileStream("/dev/full", FileMode.Open, FileAccess.Write);

        Assert.StartsWith("cannot flush /dev/full: ", Assert.Throws<IOException>(() => FileFlush.ToDisk(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_is_not_there_is_an_error() =>
        Assert.StartsWith("cannot open directory /nowhere: ", Assert.Throws<IOException>(() => FileFlush.Directory("/nowhere")).Message, StringComparison.Ordinal);

    [Fact]
    public void What_waits_in_the_stream_reaches_the_file()
    {
        string path = Path.GetTempFileName();
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 4096);
        file.WriteByte(7);

        FileFlush.ToDisk(file);

        using var reader = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Assert.Equal(7, reader.ReadByte());
        File.Delete(path);
    }
}
