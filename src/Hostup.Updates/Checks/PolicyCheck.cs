using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Updates.Checks;

/// <summary>Whether the device can go by the policy: an OS without a time zone database knows no window of a named zone.</summary>
internal static class PolicyCheck
{
    public static CheckResult Evaluate(UpdatePolicy policy)
    {
        try
        {
            foreach (string window in new[] { policy.DownloadWindow, policy.RebootWindow }.Where(w => w.Length > 0))
                TimeWindow.Parse(window);
            return new CheckResult(HostupErrors.Policy.Id, HostupErrors.Policy, true, Text(policy), "");
        }
        catch (HostupException e)
        {
            return new CheckResult(HostupErrors.Policy.Id, HostupErrors.Policy, false, e.Why, e.WhatToDo);
        }
    }

    private static string Text(UpdatePolicy policy)
    {
        var said = new[]
        {
            policy.DownloadOnly ? "stops at ready" : null,
            policy.DownloadWindow.Length > 0 ? $"fetches {policy.DownloadWindow}" : null,
            policy.RebootWindow.Length > 0 ? $"reboots {policy.RebootWindow}" : null,
            policy.WaitsWhileMetered ? "not over a metered network" : null,
            policy.BytesPerSecond > 0 ? $"at most {new ByteCount(policy.BytesPerSecond)} a second" : null,
            policy.ByteBudget > 0 ? $"at most {new ByteCount(policy.ByteBudget)}" : null,
        }.OfType<string>().ToList();
        return said is [] ? "fetches and reboots at any time" : string.Join(", ", said);
    }
}
