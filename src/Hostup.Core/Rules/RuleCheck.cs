using Hostup.Core.Versions;

namespace Hostup.Core.Rules;

/// <summary>The one answer to what may be updated to what.</summary>
public static class RuleCheck
{
    private const string TakeoverPath = "takeover";

    /// <summary>Judges an update, and looks for stepping stones where it is not allowed at once.</summary>
    public static RuleVerdict Judge(this UpdateRules rules, UpdateQuestion asked)
    {
        var verdict = Direct(rules, asked);
        if (verdict.Allowed || verdict.Reason is not (RuleReasons.SourceTooOld or RuleReasons.SourceTooNew or RuleReasons.TargetTooNew or RuleReasons.NoPath))
            return verdict;
        var stones = Stones(rules, asked);
        return stones is [] ? verdict : verdict with { Via = stones, Sentence = $"{verdict.Sentence}; go through {string.Join(", then ", stones)}" };
    }

    private static RuleVerdict Direct(UpdateRules rules, UpdateQuestion asked)
    {
        if (!OsVersion.TryParse(asked.From, out var running) || running is not { } from)
            return Refused(RuleReasons.SourceInvalid, $"'{asked.From}', which the device runs, is no OS version");
        if (!OsVersion.TryParse(asked.To, out var target) || target is not { } to)
            return Refused(RuleReasons.TargetInvalid, $"'{asked.To}' is no OS version");
        if (NamesVariant(to) && IsDevelopment(from) != IsDevelopment(to))
            return Refused(RuleReasons.Variant, $"an update between development and production variants, {from} to {to}, is not possible");
        if (to < from)
            return Refused(RuleReasons.Downgrade, $"{to} is older than {from}, which the device runs");
        if (to == from)
            return Refused(RuleReasons.Equal, $"the device runs {from} already");
        if (!rules.PreReleases && (IsPreRelease(from) || IsPreRelease(to)))
            return Refused(RuleReasons.PreRelease, $"{(IsPreRelease(from) ? from : to)} is a pre-release");
        if (IsLongTerm(to) && !IsLongTerm(from) && OsVersion.TryParse(asked.ToBase, out var baseVersion) && baseVersion! <= from)
            return Refused(RuleReasons.Base, $"{to} is built on {baseVersion}, which is not newer than {from}");
        if (rules.Blocked.FirstOrDefault(b => IsAbout(b, asked, to)) is { } blocked)
            return Refused(RuleReasons.Blocked, $"{to} is not to be installed: {blocked.Reason}");
        return rules.Paths.FirstOrDefault(p => p.SourceMajor.Contains(from.Major) && p.TargetMajor.Contains(to.Major)) is { } path
            ? OnPath(rules, path, asked.DeviceType, from, to)
            : Refused(RuleReasons.NoPath, $"no path leads from {from} to {to}");
    }

    private static RuleVerdict OnPath(UpdateRules rules, UpdatePath path, string deviceType, OsVersion from, OsVersion to)
    {
        var rule = rules.DeviceTypes.FirstOrDefault(t => t.IsAbout(deviceType) && (t.Path is null || t.Path == path.Name));
        var source = rule?.Source.Or(path.Source) ?? path.Source;
        var target = rule?.Target.Or(path.Target) ?? path.Target;
        if (source.IsUnder(from))
            return Refused(RuleReasons.SourceTooOld, $"the running OS must be {source.AtLeast} or newer, it is {from}", path.Name);
        if (source.IsOver(from))
            return Refused(RuleReasons.SourceTooNew, $"the running OS must be older than {source.Below}, it is {from}", path.Name);
        if (target.IsUnder(to))
            return Refused(RuleReasons.TargetTooOld, $"the target must be {target.AtLeast} or newer, it is {to}", path.Name);
        if (target.IsOver(to))
            return Refused(RuleReasons.TargetTooNew, $"the target must be older than {target.Below}, it is {to}", path.Name);
        bool takeover = rule?.TakeoverFrom is { } layout && WithoutVariant(from) < OsVersion.Parse(layout) && to >= OsVersion.Parse(layout);
        string name = takeover ? TakeoverPath : path.Name;
        return new(true, RuleReasons.Allowed, $"{from} to {to} is allowed on path {name}", name, []);
    }

    // The way with the fewest updates; of several the one over the newest versions.
    private static List<string> Stones(UpdateRules rules, UpdateQuestion asked)
    {
        var known = rules.SteppingStones.Concat(asked.Releases).Where(v => OsVersion.TryParse(v, out _)).Distinct().OrderDescending(OsVersion.TextOrder).ToList();
        var ways = new Queue<List<string>>([[asked.From]]);
        while (ways.TryDequeue(out var way))
        {
            if (way.Count > 1 && Direct(rules, asked with { From = way[^1] }).Allowed)
                return way[1..];
            foreach (string next in known.Where(v => Direct(rules, asked with { From = way[^1], To = v, ToBase = null }).Allowed && OsVersion.TextOrder.Compare(v, asked.To) < 0).ToList())
            {
                known.Remove(next);
                ways.Enqueue([.. way, next]);
            }
        }
        return [];
    }

    private static bool IsAbout(BlockedUpdate blocked, UpdateQuestion asked, OsVersion to) =>
        (blocked.DeviceType is null || DeviceTypeRule.Matches(blocked.DeviceType, asked.DeviceType))
        && (blocked.Board is null || blocked.Board == asked.Board)
        && blocked.Target.Contains(to);

    // Upstream reads the variant in the pre-release too: 2.0.0-dev.
    private static bool IsDevelopment(OsVersion version) => version.IsDevelopment || version.Prerelease.Contains("dev");

    private static bool NamesVariant(OsVersion version) => IsDevelopment(version) || version.Build.Contains("prod") || version.Prerelease.Contains("prod");

    private static bool IsPreRelease(OsVersion version) => version.Prerelease.Any(p => p is not ("dev" or "prod"));

    // Long-term versions are YYYY.M.patch.
    private static bool IsLongTerm(OsVersion version) => version.Major > 2000;

    private static OsVersion WithoutVariant(OsVersion version) =>
        OsVersion.Parse(string.Join('+', ((string[])[version.ToPlainText().Split('+')[0], string.Join('.', version.Build.Where(b => b is not ("dev" or "prod")))]).Where(p => p.Length > 0)));

    private static RuleVerdict Refused(string reason, string sentence, string? path = null) => new(false, reason, sentence, path, []);
}
