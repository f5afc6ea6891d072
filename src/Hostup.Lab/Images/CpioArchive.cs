using System.Text;

namespace Hostup.Lab.Images;

/// <summary>Writes the "newc" cpio format that the kernel unpacks as its first root (Documentation/driver-api/early-userspace/buffer-format.rst).</summary>
/// <param name="output">Receives the archive; stays open.</param>
public sealed class CpioArchive(Stream output)
{
    private const int DirectoryType = 0x4000;
    private const int FileType = 0x8000;
    private const int LinkType = 0xA000;
    private int _inode = 1;
    private long _written;

    /// <summary>Adds a folder; its parent must have been added.</summary>
    public void AddFolder(string path) => AddEntry(path, DirectoryType | 0x1ED, []);

    /// <summary>Adds a file that may be executed.</summary>
    public void AddProgram(string path, byte[] content) => AddEntry(path, FileType | 0x1ED, content);

    /// <summary>Adds a symbolic link.</summary>
    public void AddLink(string path, string target) => AddEntry(path, LinkType | 0x1FF, Encoding.UTF8.GetBytes(target));

    /// <summary>Ends the archive.</summary>
    public void Finish() => AddEntry("TRAILER!!!", 0, []);

    private void AddEntry(string path, int mode, byte[] content)
    {
        byte[] name = [.. Encoding.UTF8.GetBytes(path), 0];
        int[] fields = [_inode++, mode, 0, 0, 1, 0, content.Length, 0, 0, 0, 0, name.Length, 0];
        Write(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(f => f.ToString("x8", null)))));
        Write(name);
        Pad();
        Write(content);
        Pad();
    }

    private void Write(byte[] bytes)
    {
        output.Write(bytes);
        _written += bytes.Length;
    }

    private void Pad() => Write(new byte[(4 - _written % 4) % 4]);
}
