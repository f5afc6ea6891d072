using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Hostup.Lab.Payload;

/// <summary>Applies a new target: changes the board's settings and reboots the device.</summary>
internal sealed partial class TargetWatch
{
    // systemd.special(7): process 1 starts reboot.target on SIGRTMIN+5; glibc's SIGRTMIN is 34
    private const int RebootSignal = 34 + 5;
    private readonly string _path;
    private readonly BootFileKeeper _bootFiles;
    private readonly InterferenceLog _log;
    private string _applied;

    public TargetWatch(string path, BootFileKeeper bootFiles, InterferenceLog log)
    {
        _path = path;
        _bootFiles = bootFiles;
        _log = log;
        _applied = Digest();
    }

    public Task LookAsync(CancellationToken ct)
    {
        string now = Digest();
        if (now == _applied)
            return Task.CompletedTask;
        _applied = now;
        _log.Write("target-changed", now);
        _bootFiles.ChangeSettings(now);
        _log.Write("reboot", now);
        _ = Kill(1, RebootSignal);
        return Task.CompletedTask;
    }

    private string Digest() => File.Exists(_path) ? Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_path))) : "none";

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
