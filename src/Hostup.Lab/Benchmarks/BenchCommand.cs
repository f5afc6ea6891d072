using System.CommandLine;

namespace Hostup.Lab.Benchmarks;

/// <summary><c>hostup-lab bench</c>: measurements whose results stand in docs/performance.md.</summary>
public static class BenchCommand
{
    public static Command Create() => new("bench", "Benchmarks; their results stand in docs/performance.md")
    {
        SlotWriteBenchmark.Create(),
        DeltaBenchmark.Create(),
        AgentLinkBenchmark.Create(),
        LinkSpeedBenchmark.Create(),
        BytesChart.Create(),
    };
}
