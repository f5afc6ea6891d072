namespace Hostup.Updates.Ports;

/// <summary>The processes that carry out updates: at most one, whoever starts it.</summary>
public interface IUpdateProcesses
{
    /// <summary>Who carries out an update now, other than this process: pid, program, since when; null: nobody.</summary>
    string? Other { get; }
}
