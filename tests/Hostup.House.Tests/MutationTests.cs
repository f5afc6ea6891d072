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

    private static string Text(JsonElement fault, string name) => fault.GetProperty(name).GetString()!;
}
