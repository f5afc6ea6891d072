using System.Globalization;
using System.Text;
using Hostup.Linux.Native;

namespace Hostup.Linux.Locks;

/// <summary>Who holds an exclusive flock on a file, told without asking for it.</summary>
/// <param name="proc">proc(5).</param>
internal sealed class LockHolders(string proc)
{
    /// <summary>For example <c>512</c> and <c>process 512 rsync</c>; empty when the kernel does not tell.</summary>
    public (string Pid, string Text) Of(string path)
    {
        if (EntryCalls.Describe(EntryCalls.CurrentDirectory, Encoding.UTF8.GetBytes(path + "\0"), 0, EntryStatus.BasicMask, out var status) != 0)
            return ("", "");
        string inode = string.Create(CultureInfo.InvariantCulture, $":{status.Inode}");
        string file = string.Create(CultureInfo.InvariantCulture, $"{status.DeviceMajor:x2}:{status.DeviceMinor:x2}{inode}");
        var held = Exclusive();
        // Some file systems tell another device than stat does.
        var holder = held.Find(l => l.File == file) is { Pid.Length: > 0 } exact ? exact : held.Find(l => l.File.EndsWith(inode, StringComparison.Ordinal));
        return holder.Pid is { Length: > 0 } pid && pid != "0" ? (pid, $"process {pid}{NameOf(pid)}") : ("", "");
    }

    // "1: FLOCK  ADVISORY  WRITE 1234 00:19:573 0 EOF"; those who wait for it have an arrow in the second place
    private List<(string Pid, string File)> Exclusive() => !File.Exists($"{proc}/locks") ? [] :
        [.. File.ReadLines($"{proc}/locks").Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f => f is [_, "FLOCK", _, "WRITE", _, _, ..]).Select(f => (f[4], f[5]))];

    // Who took the lock may be gone, and a child of it may hold it now.
    private string NameOf(string pid)
    {
        try
        {
            return " " + File.ReadAllText($"{proc}/{pid}/comm").Trim();
        }
        catch (IOException)
        {
            return ", which has ended";
        }
    }
}
