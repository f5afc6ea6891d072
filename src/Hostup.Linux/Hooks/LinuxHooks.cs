using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Linux.Files;
using Hostup.Linux.Processes;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Hooks;

/// <summary>
/// Hooks on the device this program runs on: each is a child with a mount namespace of its own, an environment of four variables and a limit of time. One that runs in the root of
/// the new OS has the device's directories bound into it, as upstream's container has.
/// </summary>
/// <param name="commands">Runs them.</param>
/// <param name="limit">Time that one may take; null: <see cref="Limit"/>.</param>
public sealed class LinuxHooks(CommandRunner commands, TimeSpan? limit = null) : IHooks
{
    /// <summary>Own choice: a boot loader is written in seconds.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private const string Unshare = "/usr/bin/unshare|/bin/unshare";
    private const int MostSaid = 2000;
    private const int LongestFirstLine = 256; // the kernel's
    private static readonly string[] Chroots = ["/usr/sbin/chroot", "/usr/bin/chroot", "/sbin/chroot"];

    // With what is mounted below it or not: below /run lies the root itself.
    private static readonly (string Path, bool Below)[] Bound =
        [("/dev", true), ("/proc", true), ("/sys", true), ("/run", false), ("/tmp", false), ("/mnt/boot", false), ("/mnt/state", false), ("/mnt/data", false)];

    /// <inheritdoc/>
    public async ValueTask<HookEnd> RunAsync(HookCall call, CancellationToken ct)
    {
        string folder = (call.InOwnRoot ? "" : call.Root) + HookFolder.Place;
        List<string> arguments = ["--mount", "--propagation", "private", "--"];
        if (call.InOwnRoot)
            arguments.AddRange([Chroots.FirstOrDefault(File.Exists) ?? Chroots[0], call.Root]);
        var mounted = new List<string>();
        try
        {
            if (call.Traced)
                arguments.AddRange(Traced($"{call.Root}{HookFolder.Place}/{call.Name}"));
            arguments.Add($"{folder}/{call.Name}");
            if (call.InOwnRoot)
                Bind(call.Root, mounted);
            var environment = new Dictionary<string, string> { ["DURING_UPDATE"] = call.DuringUpdate ? "1" : "0", ["HOOKS_DIR"] = folder + "/" };
            var result = await commands.RunAsync(Unshare, arguments, ct, limit ?? Limit, environment).ConfigureAwait(false);
            string said = result.Output + result.Error;
            return new HookEnd(result.ExitCode == 0 ? null : $"exit code {result.ExitCode}", said.Length > MostSaid ? said[^MostSaid..] : said);
        }
        catch (Exception e) when (e is IOException or HostupException)
        {
            return new HookEnd((e as HostupException)?.Why ?? e.Message, "");
        }
        finally
        {
            foreach (string place in mounted.AsEnumerable().Reverse())
                _ = FileCalls.Unmount(place, FileCalls.UnmountDetach);
        }
    }

    /// <summary>What runs a script so that it tells each command: the shell that its first line names, with the option beside it. Nothing for any other program.</summary>
    private static string[] Traced(string file)
    {
        // A link that leads to its place in its own root alone leads nowhere from here. Its run tells of one that is not there.
        if (!File.Exists(file))
            return [];
        using var program = File.OpenRead(file);
        byte[] head = new byte[LongestFirstLine];
        string line = Encoding.ASCII.GetString(head, 0, program.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)).Split('\n')[0];
        return line.StartsWith("#!", StringComparison.Ordinal)
            && line[2..].Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [var shell, .. var option] && shell.EndsWith("sh", StringComparison.Ordinal)
            ? [shell, "-x", .. option]
            : [];
    }

    private static void Bind(string root, List<string> mounted)
    {
        foreach (var (path, below) in Bound.Where(b => Directory.Exists(b.Path) && Directory.Exists(root + b.Path)))
        {
            if (FileCalls.Mount(path, root + path, null, FileCalls.MountBind | (below ? FileCalls.MountRecursive : 0), null) != 0)
                throw FileCalls.LastError($"cannot bind {path} to {root}{path}");
            mounted.Add(root + path);
        }
    }
}
