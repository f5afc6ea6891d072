using Hostup.Core.Errors;

namespace Hostup.Device.Agent;

/// <summary>Counts how often a process was started for an attempt that has no journal yet: one that ends each time before it begins is not started for ever.</summary>
internal sealed class UpdateStarts
{
    private const int Most = 3;

    private string? _attempt;
    private int _count;

    /// <summary>A process is about to be started for this attempt.</summary>
    /// <exception cref="HostupException"><c>program</c>: as many ended before they began.</exception>
    public void Count(string attempt, string program)
    {
        _count = attempt == _attempt ? _count + 1 : 1;
        _attempt = attempt;
        if (_count > Most)
            throw new HostupException(HostupErrors.Program, "cannot begin the update", $"{program} ended {Most} times before it began", "see the journal of unit hostup-update on the device");
    }
}
