using System.Text.Json;

namespace Hostup.House.Tests;

public sealed class MutationTests
{
    /// <summary>A fault whose place has moved would be planted nowhere and prove nothing.</summary>
    [Fact]
    public void Every_planted_fault_has_one_place_in_the_source()
    {
        using var faults = JsonDocument.Parse(Repository.Read("tests/mutations.json"));

        Repository.None(from fault in faults.RootElement.EnumerateArray()
                        let source = Repository.Read(Text(fault, "file"))
                        let places = source.Split(Text(fault, "find")).Length - 1
                        where places != 1
                        select $"{Text(fault, "name")} has {places} places in {Text(fault, "file")}");
    }

    /// <summary>A test that is not there would notice every fault: a run without tests fails.</summary>
    [Fact]
    public void Every_planted_fault_names_a_test_that_is_there()
    {
        using var faults = JsonDocument.Parse(Repository.Read("tests/mutations.json"));
        Repository.None(from fault in faults.RootElement.EnumerateArray()
                        let test = Text(fault, "test")
                        let project = fault.TryGetProperty("tests", out var tests) ? tests.GetString() : "Hostup.Updates.Tests"
                        where !Repository.Under($"tests/{project}/").Any(f => f.Text.Contains($" {test}(", StringComparison.Ordinal))
                        select $"{Text(fault, "name")} names {test}");
    }

    private static string Text(JsonElement fault, string name) => fault.GetProperty(name).GetString()!;
}
