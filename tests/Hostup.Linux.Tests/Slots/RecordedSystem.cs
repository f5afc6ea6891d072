using System.Runtime.CompilerServices;
using Hostup.Linux.Files;
using Hostup.Linux.Slots;
using Hostup.Updates.Slots;

namespace Hostup.Linux.Tests.Slots;

/// <summary>
/// What a system shows of its disks below /sys, /proc and /run/udev, unpacked from a text file: <c>path = content</c> ('|' ends a line of the
/// content), <c>path -> target of a link</c>, <c>path/</c> for an empty folder. Those named <c>guest-</c> were written down by
/// <c>hostup-lab record-disks</c> from a running kernel and udev; the others were composed after them, for disks, names and states that the guest cannot have.
/// </summary>
internal sealed class RecordedSystem : IDisposable
{
    public RecordedSystem(string name)
    {
        foreach (string line in File.ReadLines(Path.Combine(Folder(), name + ".txt")).Where(l => l.Length > 0 && l[0] != '#'))
            Unpack(line);
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("hostup-recorded-").FullName;

    public static IEnumerable<string> Names() => Directory.EnumerateFiles(Folder(), "*.txt").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal);

    public (Slot Running, Slot Spare) FindSlots() =>
        new BlockDevices(Root + "/sys", MountTable.Read(Root + "/proc/self/mountinfo"), Root + "/run/udev/data").Find();

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private void Unpack(string line)
    {
        if (line.Split(" -> ") is [var link, var target])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Root + link)!);
            Directory.CreateSymbolicLink(Root + link, target);
        }
        else if (line.Split(" = ", 2) is [var path, var content])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Root + path)!);
            File.WriteAllText(Root + path, content.Replace('|', '\n') + "\n");
        }
        else
            Directory.CreateDirectory(Root + line);
    }

    private static string Folder([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "Recorded");
}
