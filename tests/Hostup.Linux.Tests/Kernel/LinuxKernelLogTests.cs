using Hostup.Linux.Kernel;

namespace Hostup.Linux.Tests.Kernel;

public sealed class LinuxKernelLogTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-pstore-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_machine_that_keeps_nothing_has_no_records() => Assert.Empty(new LinuxKernelLog(_root).Records);

    [Fact]
    public void Parts_of_a_log_come_in_the_order_in_which_they_were_said_wherever_they_lie()
    {
        Put("sys/fs/pstore/dmesg-efi-170000000001001", "Panic#1 Part1\nlast\0");
        Put("sys/fs/pstore/dmesg-efi-170000000003001", "Panic#1 Part3\nfirst\n");
        Put("var/lib/systemd/pstore/1700000000/dmesg-efi-170000000002001", "Panic#1 Part2\nmiddle\n");
        Put("var/lib/systemd/pstore/1700000000/dmesg.txt", "all of it once more");
        Put("sys/fs/pstore/dmesg-efi-170000000004001.enc.z", "\u0001\u0002");
        Put("sys/fs/pstore/console-ramoops-0", "a console");

        var log = new LinuxKernelLog(_root);

        Assert.Equal(["Panic#1 Part3\nfirst\n", "Panic#1 Part2\nmiddle\n", "Panic#1 Part1\nlast "], log.Records.Select(log.Read));
    }

    [Fact]
    public void A_record_that_is_removed_is_gone_and_no_other()
    {
        Put("sys/fs/pstore/dmesg-ramoops-0", "Oops#1 Part1\nx");
        Put("sys/fs/pstore/dmesg-ramoops-1", "Oops#2 Part1\ny");
        var log = new LinuxKernelLog(_root);

        log.Remove(log.Records[0]);

        Assert.Equal("Oops#2 Part1\ny", log.Read(Assert.Single(log.Records)));
    }

    private void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_root, path))!);
        File.WriteAllText(Path.Combine(_root, path), text);
    }
}
