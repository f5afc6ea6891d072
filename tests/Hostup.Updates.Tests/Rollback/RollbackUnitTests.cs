using Hostup.Lab.Testing;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.Rollback;

/// <summary>The units of a device: what they wait for, and what they do not.</summary>
public sealed class RollbackUnitTests
{
    public static TheoryData<string> Units() => [.. Directory.GetFiles(Folder, "*.service").Select(f => Path.GetFileName(f))];

    [Theory, MemberData(nameof(Units))]
    public void Each_unit_comes_after_whatever_mounts_the_partitions_and_requires_no_data_partition(string unit)
    {
        Assert.Superset(new HashSet<string> { "mnt-data.mount", "resin-boot.service", "resin-state.service", "resin-data.service" }, Values(unit, "After").ToHashSet());
        Assert.Equal(["/mnt/boot", "/mnt/state"], Values(unit, "RequiresMountsFor"));
        Assert.Empty(Values(unit, "Requires"));
    }

    [Fact]
    public void The_first_program_of_a_boot_runs_while_there_is_something_left_for_it() =>
        Assert.Equal([$"|{Places.AltbootBreadcrumb}", $"|{Places.BootFilesTouched}", $"|{Places.DatabaseDue}"], Values("hostup-rollback-altboot.service", "ConditionPathExists"));

    private static string Folder => Path.Combine(SourceTree.Find(), "deploy/device/systemd");

    private static IEnumerable<string> Values(string unit, string key) =>
        File.ReadLines(Path.Combine(Folder, unit)).Where(l => l.StartsWith(key + "=", StringComparison.Ordinal)).SelectMany(l => l[(key.Length + 1)..].Split(' '));
}
