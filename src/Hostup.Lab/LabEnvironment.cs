using Hostup.Core.Errors;
using Hostup.Lab.Cache;
using Hostup.Lab.Packages;

namespace Hostup.Lab;

/// <summary>What every part of the lab needs from the machine: the cache, the source tree, the tools and a place for progress lines.</summary>
/// <param name="cacheRoot">Folder of the cache.</param>
/// <param name="repositoryRoot">Folder that holds Hostup.slnx.</param>
/// <param name="progress">Receives one line per long step.</param>
public sealed class LabEnvironment(string cacheRoot, string repositoryRoot, Action<string> progress)
{
    /// <summary>Cache of expensive things.</summary>
    public LabCache Cache { get; } = new(cacheRoot, progress);

    /// <summary>Folder that holds Hostup.slnx: programs for the guest are published from there.</summary>
    public string RepositoryRoot { get; } = repositoryRoot;

    /// <summary>Receives one line per long step.</summary>
    public Action<string> Progress { get; } = progress;

    /// <summary>The environment of this process: default cache, source tree above the program, progress with the time of day.</summary>
    /// <param name="write">Receives each progress line.</param>
    public static LabEnvironment OfThisProcess(Action<string> write) => new(LabCache.DefaultRoot, FindRepository(), line =>
        write($"[{TimeProvider.System.GetLocalNow():HH:mm:ss}] {line}"));

    /// <summary>Why virtual devices cannot be run here, in words for a skipped test; null when they can.</summary>
    public static string? MissingReason()
    {
        var missing = RequiredTools.Missing();
        if (missing.Count > 0)
            return $"missing Debian packages: {string.Join(' ', missing)} (hostup-lab tools install)";
        return Environment.IsPrivilegedProcess ? null : "root is needed to make a host OS tree with right owners";
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Hostup.slnx")))
                return folder.FullName;
        throw new HostupException(HostupErrors.Lab, "cannot find the source tree", $"no Hostup.slnx above {AppContext.BaseDirectory}",
            "run the lab from a checkout");
    }
}
