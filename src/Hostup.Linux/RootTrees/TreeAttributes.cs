using System.Text;
using Hostup.Core.RootTrees;
using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>Reads and sets extended attributes: by handle where there is one, else through /proc/self/fd (links, devices, pipes).</summary>
internal static class TreeAttributes
{
    /// <summary>XATTR_LIST_MAX and XATTR_SIZE_MAX of linux/limits.h.</summary>
    private const int Max = 64 * 1024;

    /// <param name="file">Handle, or -1 when only the path can be used.</param>
    /// <param name="procPath">Path with a NUL byte, see <see cref="ProcPath"/>.</param>
    /// <param name="scratch">At least 64 KiB.</param>
    /// <param name="attributes">What was found.</param>
    /// <returns>Zero or an error number.</returns>
    public static int Read(int file, ReadOnlySpan<byte> procPath, Span<byte> scratch, out IReadOnlyList<ExtendedAttribute> attributes)
    {
        attributes = [];
        nint size = file >= 0 ? AttributeCalls.List(file, scratch, Max) : AttributeCalls.List(procPath, scratch, Max);
        if (size <= 0)
            return size == 0 || Errno.Last == Errno.NotSupported ? 0 : Errno.Last;
        var names = scratch[..(int)size].ToArray();
        var found = new List<ExtendedAttribute>();
        for (int start = 0; start < names.Length;)
        {
            int length = names.AsSpan(start).IndexOf((byte)0);
            var name = names.AsSpan(start, length + 1);
            start += length + 1;
            nint bytes = file >= 0 ? AttributeCalls.Get(file, name, scratch, Max) : AttributeCalls.Get(procPath, name, scratch, Max);
            if (bytes < 0)
                return Errno.Last;
            found.Add(new ExtendedAttribute(Encoding.UTF8.GetString(name[..^1]), scratch[..(int)bytes].ToArray()));
        }
        attributes = found;
        return 0;
    }

    /// <summary>Sets attributes; must come after a change of owner, which takes file capabilities away.</summary>
    /// <returns>Zero or an error number.</returns>
    public static int Set(int file, ReadOnlySpan<byte> procPath, IReadOnlyList<ExtendedAttribute> attributes)
    {
        foreach (var attribute in attributes)
        {
            byte[] name = [.. Encoding.UTF8.GetBytes(attribute.Name), 0];
            int result = file >= 0
                ? AttributeCalls.Set(file, name, attribute.Value.Span, (nuint)attribute.Value.Length, 0)
                : AttributeCalls.Set(procPath, name, attribute.Value.Span, (nuint)attribute.Value.Length, 0);
            if (result != 0)
                return Errno.Last;
        }
        return 0;
    }

    /// <summary>Removes the attributes of an open directory that are not in the list.</summary>
    /// <returns>Zero or an error number.</returns>
    public static int RemoveOthers(int file, IReadOnlyList<ExtendedAttribute> kept, Span<byte> scratch)
    {
        if (Read(file, [], scratch, out var present) is not 0 and var errno)
            return errno;
        foreach (var attribute in present)
            if (kept.All(k => k.Name != attribute.Name) && AttributeCalls.Remove(file, [.. Encoding.UTF8.GetBytes(attribute.Name), 0]) != 0)
                return Errno.Last;
        return 0;
    }

    /// <summary>A path that names an entry by the handle of its directory.</summary>
    /// <param name="directory">Handle.</param>
    /// <param name="name">Name with a NUL byte.</param>
    public static byte[] ProcPath(int directory, ReadOnlySpan<byte> name) => [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{directory}/"), .. name];
}
