using Hostup.Lab.Sim;

namespace Hostup.Updates.Tests.Checks;

/// <summary>One fault that refuses an update, and the same device without it.</summary>
/// <param name="Name">The fault in words.</param>
/// <param name="Check">Name of the check that refuses.</param>
/// <param name="Fault">Plants the fault.</param>
/// <param name="Twin">Makes the device that is as near to it as can be and accepted; null: the device without the fault.</param>
public sealed record Refusal(string Name, string Check, Action<SimDevice> Fault, Action<SimDevice>? Twin = null)
{
    /// <summary>Error code; the check's name where nothing else is said.</summary>
    public string Code { get; init; } = Check;

    /// <summary>Another check that cannot pass with this fault either.</summary>
    public string? Also { get; init; }
}
