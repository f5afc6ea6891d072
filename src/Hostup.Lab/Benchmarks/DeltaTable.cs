using System.Globalization;
using System.Text;

namespace Hostup.Lab.Benchmarks;

/// <summary>The results of one pair, as they stand in docs/performance.md.</summary>
/// <param name="Key">Short name for files.</param>
/// <param name="Name">What it stands for.</param>
/// <param name="Origin">What the trees were made from, in one sentence.</param>
/// <param name="Results">Ours first.</param>
/// <param name="Judged">Goals, and whether they were met.</param>
public sealed record DeltaTable(string Key, string Name, string Origin, IReadOnlyList<DeltaResult> Results, IReadOnlyList<(string Goal, bool Met)> Judged)
{
    private const double MiB = 1 << 20;

    /// <summary>Heading, table and goals.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"### {Name}\n\n{Origin}\n\n| method | bytes | times ours | builder | device |\n|---|---:|---:|---|---|\n");
        foreach (var result in Results)
            text.Append(CultureInfo.InvariantCulture, $"| {result.Name} | {result.Bytes:N0} | {(double)result.Bytes / Results[0].Bytes:0.0} | {result.Build} | {result.Apply?.ToString() ?? "-"} |\n");
        text.Append('\n');
        foreach (var (goal, met) in Judged)
            text.Append(CultureInfo.InvariantCulture, $"- {(met ? "met" : "**missed**")}: {goal}\n");
        return text.ToString();
    }

    /// <summary>Charts by file name: bytes, and time and memory of applying.</summary>
    public IReadOnlyDictionary<string, string> ToCharts()
    {
        var applied = Results.Where(r => r.Apply is not null).ToList();
        return new Dictionary<string, string>
        {
            [$"delta-{Key}-bytes.svg"] = SvgChart.Bars($"Bytes to transfer, {Name}", [.. Results.Select(r => (r.Name, (double)r.Bytes, string.Create(CultureInfo.InvariantCulture, $"{r.Bytes / 1e6:0.00} MB")))]),
            [$"delta-{Key}-time.svg"] = SvgChart.Bars($"Processor seconds on the device, {Name}", [.. applied.Select(r => (r.Name, r.Apply!.Processor.TotalSeconds, string.Create(CultureInfo.InvariantCulture, $"{r.Apply.Processor.TotalSeconds:0.0} s")))]),
            [$"delta-{Key}-memory.svg"] = SvgChart.Bars($"Peak memory on the device, {Name}", [.. applied.Select(r => (r.Name, r.Apply!.PeakBytes / MiB, string.Create(CultureInfo.InvariantCulture, $"{r.Apply.PeakBytes / MiB:0} MiB")))]),
        };
    }
}
