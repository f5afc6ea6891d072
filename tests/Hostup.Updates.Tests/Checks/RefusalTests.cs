using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Checks;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.Checks;

/// <summary>Each fault is refused by its own check and nothing of the device changes; the same device without the fault is accepted.</summary>
public sealed class RefusalTests
{
    public static TheoryData<string> Names() => [.. Refusals.All.Select(r => r.Name)];

    /// <summary>A source that cannot be reached is left to the step that fetches.</summary>
    public static TheoryData<string> NamesThatEndARun() => [.. Refusals.All.Where(r => r.Code != "link").Select(r => r.Name)];

    [Fact]
    public async Task Every_check_has_a_fault_that_it_refuses()
    {
        var device = Refusals.DeviceWithAreas();

        var checks = (await device.Target.CheckAsync(device)).Select(c => c.Name).ToList();

        Assert.Equal(checks.Distinct(), checks);
        Assert.Equal(checks.Order(), Refusals.All.Select(r => r.Check).Distinct().Order());
        Assert.True(Refusals.All.Count >= 30, $"only {Refusals.All.Count} refusals");
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_check_refuses_the_fault_by_its_name_and_touches_nothing(string name)
    {
        var refusal = Refusals.All.Single(r => r.Name == name);
        var device = Refusals.Device();
        refusal.Fault(device);
        var before = Untouched.Of(device);

        var checks = await device.Target.CheckAsync(device);

        var failed = checks.Where(c => !c.Passed).ToList();
        Assert.Equal(new[] { refusal.Check, refusal.Also }.OfType<string>(), failed.Select(c => c.Name));
        Assert.Equal(refusal.Code, DeviceChecks.Worst(checks)!.Code.Id);
        Assert.Equal(refusal.Code == "link" ? HostupErrorKind.Transient : HostupErrorKind.Refused, failed[0].Code.Kind);
        Assert.All(failed, c => Assert.True(c.Saw.Length > 8 && c.Remedy.Length > 8, $"{c.Name}: '{c.Saw}', '{c.Remedy}'"));
        Assert.Equal(before, Untouched.Of(device));
        Assert.Equal(before.Effects, device.Power.Effects);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_twin_without_the_fault_is_accepted(string name)
    {
        var refusal = Refusals.All.Single(r => r.Name == name);
        var device = Refusals.Device();
        refusal.Twin?.Invoke(device);

        var checks = await device.Target.CheckAsync(device);

        Assert.Equal([], checks.Where(c => !c.Passed).Select(c => $"{c.Name}: {c.Saw}"));
    }

    [Theory, MemberData(nameof(NamesThatEndARun))]
    public async Task An_update_that_meets_the_fault_is_refused_before_anything_but_its_journal_is_written(string name)
    {
        var refusal = Refusals.All.Single(r => r.Name == name);
        var device = Refusals.Device();
        refusal.Fault(device);
        var before = Untouched.Of(device);
        int logged = device.Power.Log.Count;

        var error = await ErrorOfUpdateAsync(device);

        Assert.Equal(refusal.Code, error?.Code.Id);
        Assert.Equal(before with { Effects = device.Power.Effects }, Untouched.Of(device));
        Assert.All(device.Power.Log.Skip(logged), effect => Assert.Contains(Places.State, effect, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a registry that cannot be reached", "link")]
    [InlineData("one source without it, one out of reach", "all-sources")]
    public async Task A_source_out_of_reach_ends_an_update_where_it_is_needed_and_nothing_is_formatted(string name, string code)
    {
        var device = Refusals.Device();
        Refusals.All.Single(r => r.Name == name).Fault(device);
        var before = Untouched.Of(device);

        var error = await ErrorOfUpdateAsync(device);

        Assert.Equal(code, error!.Code.Id);
        Assert.Equal(before with { Effects = device.Power.Effects }, Untouched.Of(device));
    }

    [Fact]
    public async Task After_a_power_cut_an_update_goes_on_before_the_network_is_there()
    {
        int cut = (await Refusals.Device().RunAsync()).Power.Log.FindIndex(e => e.EndsWith("to spare", StringComparison.Ordinal)) + 1;
        var device = Refusals.Device(cut);
        var registry = (SimSource)device.Sources.Single();
        int checkedOffline = 0;
        device.Ports.Meanwhile = state =>
        {
            bool offline = state == AttemptStates.Checking && device.Power.CutBefore is not [];
            registry.IsDown = offline;
            checkedOffline += offline ? 1 : 0;
        };

        await device.RunAsync();

        Assert.True(checkedOffline > 0, "no check was made after the cut");
        Assert.Equal(AttemptStates.Committed, device.Outcome);
    }

    /// <summary>The plan was made before the fault came, when there can be one at all.</summary>
    private static async Task<HostupException?> ErrorOfUpdateAsync(SimDevice device)
    {
        var without = Refusals.Device();
        try
        {
            var plan = await device.Target.PlanAsync(without);
            return (await new UpdateRun(device.Device, device.Ports, _ => device.Sources).StartAsync(plan, device.Target.Payload, device.Target.Envelope, CancellationToken.None)).Error;
        }
        catch (HostupException e) when (device.Target.TrustFault is not null)
        {
            return e;
        }
    }

    /// <summary>What a refusal leaves as it was: every block of boot and both roots, and what was opened for writing.</summary>
    private sealed record Untouched(string Boot, Digest? RootA, Digest? RootB, Guid? UuidA, Guid? UuidB, int OpenedForWriting, int Effects)
    {
        public static Untouched Of(SimDevice device) => new(
            string.Join('\n', device.Boot.Paths.Order(StringComparer.Ordinal).Select(p => $"{p} {Digest.Of(device.Boot.Read(p))}")),
            device.SlotA.TreeDigest, device.SlotB.TreeDigest, device.SlotA.Uuid, device.SlotB.Uuid,
            device.Files.OpenedForWriting.Count, device.Power.Effects);
    }
}
