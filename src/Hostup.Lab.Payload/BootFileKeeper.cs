using System.Runtime.InteropServices;
using System.Text;

namespace Hostup.Lab.Payload;

/// <summary>Keeps files of the boot partition as they were when it started; whoever changes them meanwhile loses the change.</summary>
internal sealed partial class BootFileKeeper
{
    private const ulong Remount = 32;
    private const ulong ReadOnly = 1;
    private static readonly string[] Names = ["config.txt", "splash/balena-logo.png", "EFI/BOOT/grub.cfg", "boot.scr"];
    private readonly Dictionary<string, byte[]> _wanted;
    private readonly InterferenceLog _log;
    private readonly string _mount;

    public BootFileKeeper(string mount, InterferenceLog log)
    {
        _mount = mount;
        _log = log;
        _wanted = Names.Select(n => Path.Combine(mount, n)).Where(File.Exists).ToDictionary(p => p, File.ReadAllBytes);
    }

    public async Task PutBackAsync(CancellationToken ct)
    {
        foreach (var (path, wanted) in _wanted)
        {
            try
            {
                if (!File.Exists(path) || !(await File.ReadAllBytesAsync(path, ct)).AsSpan().SequenceEqual(wanted))
                    Write(path, wanted);
            }
            catch (IOException e)
            {
                _log.Write("boot-file-kept-failed", $"{path}: {e.Message}");
            }
        }
    }

    /// <summary>Changes config.txt as the real supervisor does when its target has other board settings.</summary>
    public void ChangeSettings(string line)
    {
        string path = Path.Combine(_mount, Names[0]);
        byte[] kept = _wanted.GetValueOrDefault(path, []);
        string text = string.Concat(Encoding.UTF8.GetString(kept).Split('\n').Where(l => l.Length > 0 && !l.StartsWith("# target", StringComparison.Ordinal)).Select(l => l + "\n"));
        _wanted[path] = Encoding.UTF8.GetBytes($"{text}# target {line}\n");
        Write(path, _wanted[path]);
    }

    private void Write(string path, byte[] content)
    {
        _ = Mount(null, _mount, null, Remount, null);
        try
        {
            using var file = new FileStream(path, FileMode.Create);
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        finally
        {
            _ = Mount(null, _mount, null, Remount | ReadOnly, null);
        }
        _log.Write("boot-file-written", path);
    }

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Mount(string? source, string target, string? type, ulong flags, string? options);
}
