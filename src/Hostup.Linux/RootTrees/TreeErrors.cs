using System.Text;
using Hostup.Core.Errors;
using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>How failed system calls on a root tree are reported.</summary>
internal static class TreeErrors
{
    public static HostupException Write(string directory, ReadOnlySpan<byte> path, string action, int errno) => new(
        HostupErrors.SlotWrite,
        $"cannot write {directory}",
        $"{action} /{Encoding.UTF8.GetString(path).TrimEnd('\0')}: {Errno.Text(errno)}",
        errno == Errno.NoSpace ? "use a release that fits the slot" : "check the slot's disk with `dmesg` and try again");

    public static HostupException Read(string directory, ReadOnlySpan<byte> path, string action, int errno) => new(
        HostupErrors.SlotMismatch,
        $"cannot read back {directory}",
        $"{action} /{Encoding.UTF8.GetString(path).TrimEnd('\0')}: {Errno.Text(errno)}",
        "check the disk with `dmesg` and try again");

    public static HostupException Image(string path, string why) =>
        new(HostupErrors.BadImage, $"cannot use entry {path} of the image", why, "build the image again");
}
