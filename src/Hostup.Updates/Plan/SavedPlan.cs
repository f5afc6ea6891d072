using System.Text.Json;
using Hostup.Core.Errors;

namespace Hostup.Updates.Plan;

/// <summary>A plan that was printed and kept: it is executed as it is, or not at all.</summary>
public static class SavedPlan
{
    /// <summary>Reads the file's content.</summary>
    /// <exception cref="HostupException"><c>bad-config</c>: it is no plan.</exception>
    public static UpdatePlan Parse(ReadOnlySpan<byte> content, string path)
    {
        try
        {
            return UpdatePlan.Parse(content);
        }
        catch (JsonException e)
        {
            throw new HostupException(HostupErrors.BadConfig, $"cannot read plan {path}", e.Message, "make it with `hostup-device plan --out FILE`", e);
        }
    }

    /// <summary>Refuses a plan that is not the one which would be made now, and says what differs.</summary>
    /// <param name="saved">The plan that was kept.</param>
    /// <param name="now">The plan for the same attempt and release as the device is now.</param>
    /// <exception cref="HostupException"><c>plan-stale</c>.</exception>
    public static void RequireSame(UpdatePlan saved, UpdatePlan now)
    {
        var changes = saved.FactsDigest is { } digest && digest == now.FactsDigest ? [] : Changes(saved, now);
        if (changes is [] && !WithoutFigures(saved).AsSpan().SequenceEqual(WithoutFigures(now)))
            changes = ["the steps of the plan are not those that this program would carry out"];
        if (changes is not [])
            throw new HostupException(HostupErrors.PlanStale, "cannot execute the plan", $"the device changed since it was made: {string.Join("; ", changes)}", "make a new plan: `hostup-device plan --out FILE`");
    }

    private static List<string> Changes(UpdatePlan saved, UpdatePlan now)
    {
        var was = saved.Facts.GroupBy(f => f.Name).ToDictionary(g => g.Key, g => g.Last().Value);
        return [.. now.Facts.Where(f => was.GetValueOrDefault(f.Name) != f.Value)
            .Select(f => $"{f.Name} was {was.GetValueOrDefault(f.Name, "not noted")}, is {f.Value}")];
    }

    // Free space and speed are never twice the same, and the checks look at them again; so do the sources what a delta costs.
    private static byte[] WithoutFigures(UpdatePlan plan) => (plan with { Estimate = null, UpdaterBytesMissing = 0, Steps = [.. plan.Steps.Select(s => s with { DownloadBytes = 0 })] }).ToJson();
}
