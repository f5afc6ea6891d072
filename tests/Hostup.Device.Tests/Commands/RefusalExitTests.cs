using Hostup.Updates.Tests.Checks;

namespace Hostup.Device.Tests.Commands;

/// <summary>What <c>check</c> ends with for every fault of the table.</summary>
public sealed class RefusalExitTests
{
    public static TheoryData<string> Names() => [.. Refusals.All.Select(r => r.Name)];

    [Theory, MemberData(nameof(Names))]
    public async Task Each_fault_has_its_exit_code_and_its_twin_ends_with_none(string name)
    {
        var refusal = Refusals.All.Single(r => r.Name == name);
        var (faulty, twin) = (Refusals.Device(), Refusals.Device());
        refusal.Fault(faulty);
        refusal.Twin?.Invoke(twin);

        int expected = refusal.Code switch { "update-running" => 9, "link" => 75, _ => 3 };
        Assert.Equal(expected, ExitCodes.Of(await faulty.Target.CheckAsync(faulty)));
        Assert.Equal(0, ExitCodes.Of(await twin.Target.CheckAsync(twin)));
    }
}
