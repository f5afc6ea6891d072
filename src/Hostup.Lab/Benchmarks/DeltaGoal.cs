using System.Globalization;

namespace Hostup.Lab.Benchmarks;

/// <summary>What our delta of a pair has to be, against the others of the same run: archives move, so ratios bind and bytes do not.</summary>
/// <param name="OverRdiff">How many times the delta of rdiff is larger at least.</param>
/// <param name="OverXdelta">The same of xdelta3.</param>
public sealed record DeltaGoal(double OverRdiff, double OverXdelta)
{
    /// <summary>On a pair with packages that nobody looked at, ratios may be so much smaller.</summary>
    public const double Untuned = 0.85;

    /// <summary>Longest that two processors may take to build a delta with a new kernel, and most that it may take of memory.</summary>
    private static readonly TimeSpan LongestBuild = TimeSpan.FromMinutes(5);
    private const long MostBuilderBytes = 1_500_000_000;

    /// <summary>Longest that applying it may take.</summary>
    private static readonly TimeSpan LongestApply = TimeSpan.FromSeconds(40);

    /// <summary>Judges a run.</summary>
    /// <param name="results">Ours and the others'.</param>
    /// <param name="part">Part of the ratios that is to be reached: 1, or <see cref="Untuned"/>.</param>
    public IReadOnlyList<(string Goal, bool Met)> Judge(IReadOnlyList<DeltaResult> results, double part)
    {
        var ours = results.Single(r => r.Name == DeltaResult.Ours);
        return
        [
            .. Ratio(results, ours, DeltaResult.Rdiff, OverRdiff * part),
            .. Ratio(results, ours, DeltaResult.Xdelta, OverXdelta * part),
            ("smaller than every other way", results.All(r => r == ours || r.Bytes > ours.Bytes)),
            (string.Create(CultureInfo.InvariantCulture, $"built in at most {LongestBuild.TotalMinutes:0} min and {MostBuilderBytes / 1e9:0.0} GB"), ours.Build.Wall <= LongestBuild && ours.Build.PeakBytes <= MostBuilderBytes),
            (string.Create(CultureInfo.InvariantCulture, $"applied in at most {LongestApply.TotalSeconds:0} s"), ours.Apply?.Wall <= LongestApply),
        ];
    }

    private static IEnumerable<(string Goal, bool Met)> Ratio(IReadOnlyList<DeltaResult> results, DeltaResult ours, string name, double least)
    {
        if (least > 0 && results.FirstOrDefault(r => r.Name == name) is { } other)
            yield return (string.Create(CultureInfo.InvariantCulture, $"{name} is at least {least:0.0} times as large"), (double)other.Bytes / ours.Bytes >= least);
    }
}
