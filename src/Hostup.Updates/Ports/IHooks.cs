namespace Hostup.Updates.Ports;

/// <summary>Runs programs that a release brings for its update.</summary>
public interface IHooks
{
    /// <summary>Runs one to its end, with mounts that nobody else sees and a limit of time.</summary>
    ValueTask<HookEnd> RunAsync(HookCall call, CancellationToken ct);
}

/// <summary>A hook and where it runs.</summary>
/// <param name="Name">Path relative to <see cref="Core.Releases.HookFolder.Place"/>.</param>
/// <param name="Root">Where the root is mounted that it is of; empty: the OS that runs.</param>
/// <param name="InOwnRoot">Whether it sees that root as its own; else it runs in the OS that runs.</param>
/// <param name="DuringUpdate"><c>DURING_UPDATE</c>: the good files are in the slot that does not run.</param>
public sealed record HookCall(string Name, string Root, bool InOwnRoot, bool DuringUpdate)
{
    /// <summary>Whether it is to tell each command that it runs, when it is a shell's script.</summary>
    public bool Traced { get; init; }
}

/// <summary>How a hook ended.</summary>
/// <param name="Fault">Why it failed: its exit code, or that its time was over; null: it did not.</param>
/// <param name="Output">The end of what it said, on both of its outputs.</param>
public sealed record HookEnd(string? Fault, string Output);
