using Hostup.Core.Errors;

namespace Hostup.Updates.Ports;

/// <summary>The processes that carry out updates: at most one, whoever starts it.</summary>
public interface IUpdateProcesses
{
    /// <summary>Who carries out an update now, other than this process: pid, program, since when; null: nobody.</summary>
    string? Other { get; }

    /// <summary>Keeps updates from beginning until the answer is disposed, for what takes seconds: one that is begun meanwhile waits for it.</summary>
    /// <exception cref="HostupException"><c>update-running</c>: a process carries out one, and is named.</exception>
    IDisposable Exclude();
}
