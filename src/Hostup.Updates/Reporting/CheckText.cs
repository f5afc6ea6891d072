using Hostup.Updates.Checks;

namespace Hostup.Updates.Reporting;

/// <summary>The checks of a device as a table for people.</summary>
public static class CheckText
{
    /// <summary>Every check, also those that passed, and the verdict in the last line.</summary>
    /// <param name="checks">The checks.</param>
    /// <param name="version">Version of the release that they judge.</param>
    public static string Write(IReadOnlyList<CheckResult> checks, string version)
    {
        var table = new TextTable(9, 18);
        foreach (var check in checks)
        {
            table.Row(check.Passed ? "ok" : "REFUSED", check.Name, check.Saw);
            if (!check.Passed)
                table.Row("", "  what to do", check.Remedy);
        }
        return $"{table}\n{Verdict(checks, version)}\n";
    }

    /// <summary>One sentence: whether the update would begin.</summary>
    public static string Verdict(IReadOnlyList<CheckResult> checks, string version) => DeviceChecks.Worst(checks) is { } worst
        ? $"An update to {version} is refused: {string.Join(", ", checks.Where(c => !c.Passed).Select(c => c.Name))} [{worst.Code}]"
        : $"An update to {version} can begin: {checks.Count} checks passed";
}
