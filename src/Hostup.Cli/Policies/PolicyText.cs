using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Cli.Policies;

/// <summary>A policy in words, one line for each thing that is said.</summary>
internal static class PolicyText
{
    public static IReadOnlyList<string> Lines(PolicySettings policy) =>
    [
        .. new[]
        {
            policy.DownloadOnly switch { true => "stops at ready until it is applied", false => "goes on when everything is fetched", null => null },
            Window("fetches", policy.DownloadWindow),
            Window("reboots", policy.RebootWindow),
            policy.WaitsWhileMetered switch { true => "waits on a metered network", false => "fetches on a metered network too", null => null },
            policy.BytesPerSecond switch { null => null, 0 => "no rate limit", var rate => $"at most {new ByteCount(rate.Value)} a second" },
            policy.ByteBudget switch { null => null, 0 => "no byte budget", var budget => $"at most {new ByteCount(budget.Value)} an attempt" },
            policy.DeltaWaitSeconds is { } wait ? $"waits {TimeSpan.FromSeconds(wait)} for a delta" : null,
            policy.PatienceSeconds is { } patience ? $"fails after {TimeSpan.FromSeconds(patience)} without progress" : null,
            policy.PollSeconds is { } poll ? $"polls each {poll} s" : null,
        }.OfType<string>(),
    ];

    private static string? Window(string what, string? window) => window switch { null => null, "" => $"{what} at any time", _ => $"{what} {window}" };
}
