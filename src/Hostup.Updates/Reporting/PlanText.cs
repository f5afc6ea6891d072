using Hostup.Updates.Plan;

namespace Hostup.Updates.Reporting;

/// <summary>A plan for people: what happens, what it costs, what is lost and how it is taken back.</summary>
public static class PlanText
{
    /// <summary>The whole plan.</summary>
    public static string Write(UpdatePlan plan)
    {
        var head = new TextTable(10);
        head.Row("update", $"{plan.FromVersion} on {plan.FromSlot} -> {plan.ToVersion} on {plan.ToSlot}{(plan.Reinstall ? " (reinstall: the operator asked for it)" : "")}");
        head.Row("attempt", $"{plan.AttemptId}, updater {plan.UpdaterVersion}");
        head.Row("lost", plan.Lost);
        if (plan.FallbackRegistries is not [])
            head.Row("fallback", string.Join(", ", plan.FallbackRegistries));
        if (plan.Estimate is { } estimate)
            Cost(head, estimate);
        var steps = new TextTable(3, 17, 6);
        foreach (var (step, index) in plan.Steps.Select((s, i) => (s, i + 1)))
        {
            steps.Row($"{index}", step.Name, "does", step.DownloadBytes > 0 ? $"{step.Effect}; downloads {new ByteCount(step.DownloadBytes)}" : step.Effect);
            steps.Row("", "", "undo", step.Undo);
            if (step.Name == plan.PointOfNoReturn)
                steps.Row("", "", "", "POINT OF NO RETURN: from here on the health of the new OS decides, and a cancel comes too late");
        }
        return $"{head}\n{steps}";
    }

    private static void Cost(TextTable head, PlanEstimate estimate)
    {
        var bytes = estimate.Bytes.Select(b => $"{b.Cause} {(b.Received is { } known ? new ByteCount(known) : "of unknown size")}{(b.Fetched ? " (fetched)" : "")}");
        head.Row("download", $"{new ByteCount(estimate.BytesToFetch)} to come: {string.Join(", ", bytes)}");
        foreach (var (source, index) in (estimate.Sources ?? []).Select((s, i) => (s, i)))
            head.Row(index == 0 ? "source" : "", Source(source, estimate.Sources!.Take(index).Any(s => s.Received is not null)));
        head.Row("time", estimate switch
        {
            { BytesToFetch: 0 } => "no download; reading back and one reboot",
            { Time: { } time } => $"about {Duration(time)} to fetch and write at {new ByteCount(estimate.BytesPerSecond!.Value)}/s ({estimate.RateFrom}), then one reboot",
            { RateFrom.Length: > 0 } => "unknown: the last update that was measured had another kind of source",
            _ => "unknown: no update of this device was measured yet",
        });
        foreach (var (space, index) in estimate.Space.Select((s, i) => (s, i)))
            head.Row(index == 0 ? "space" : "", $"{space.Place}: {new ByteCount(space.NeededBytes)} needed, {new ByteCount(space.FreeBytes)} {(index == 0 ? "in the slot" : "free")}");
    }

    private static string Source(PlannedSource source, bool inPlace) => source.Received is { } bytes
        ? $"{(inPlace ? "else " : "")}{source.Source}: {new ByteCount(bytes)}{(inPlace ? ", from its beginning" : "")}"
        : $"no {source.Source}: {source.Fault}";

    private static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 90 } => FormattableString.Invariant($"{Math.Ceiling(time.TotalSeconds)} s"),
        { TotalMinutes: < 90 } => FormattableString.Invariant($"{Math.Ceiling(time.TotalMinutes)} min"),
        _ => FormattableString.Invariant($"{time.TotalHours:0.0} h"),
    };
}
