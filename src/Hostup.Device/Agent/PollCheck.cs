using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Device.Agent;

/// <summary>What a poll may be answered, whoever answers: nothing in it ends the agent or leads out of a folder.</summary>
internal static class PollCheck
{
    private const int LongestIntervalSeconds = 86_400; // as the server allows; a longer one would be a device that is never heard of again
    private const int MostRegistries = 16;

    /// <returns>The answer, its interval within bounds.</returns>
    /// <exception cref="HostupException"><c>link</c> when it is no answer of a Hostup server.</exception>
    public static PollAnswer Require(PollAnswer answer)
    {
        if (answer.Target is { } target && Fault(target) is { } fault)
            throw new HostupException(HostupErrors.Link, "cannot use the server's answer", fault, "look whether the address in config.json is a Hostup server");
        return answer with { IntervalSeconds = Math.Clamp(answer.IntervalSeconds, 1, LongestIntervalSeconds) };
    }

    private static string? Fault(DeviceTarget target)
    {
        if (target.AttemptId is not { Length: 32 } id || !id.All(char.IsAsciiHexDigitLower))
            return "its attempt has no id of 32 hexadecimal digits";
        if (target.Version is null || target.Updater is { Version: null } or { Size: < 0 })
            return "a part of its target is missing or below zero";
        return target.FallbackRegistries.Count > MostRegistries || target.FallbackRegistries.Contains(null!) ? "its fallback registries are too many or null" : null;
    }
}
