using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Plan;
using Hostup.Updates.Reporting;
using Hostup.Updates.Slots;
using Hostup.Updates.Tests.Checks;

namespace Hostup.Updates.Tests.Plan;

/// <summary>What <c>plan</c> and <c>check</c> print, in situations that an engineer meets.</summary>
public sealed class PlanTextTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    private static readonly Dictionary<string, Action<SimDevice>> Situations = new()
    {
        ["plan-first-update"] = _ => { },
        ["plan-reinstall"] = d => Change(d, t => t with { Release = t.Release with { Version = "2.100.0" }, Reinstall = true }),
        ["plan-unknown-system-on-spare"] = d => d.SlotB.Provision(Old),
        ["plan-spare-holds-it-already"] = SpareHoldsNew,
        ["plan-fallback-only"] = d =>
        {
            Change(d, t => t with { FallbackRegistries = ["registry.example.com:5000"] });
            d.Sources = [new SimSource("registry", New) { Missing = true }, new SimSource("fallback", New)];
        },
        ["plan-same-supervisor"] = d => Change(d, t => t with { Release = t.Release with { Supervisor = new ReleaseSupervisor("v1.0.0", "example/supervisor:v1.0.0@sha256:" + new string('a', 64)) } }),
        ["plan-measured-mobile-link"] = d => Change(d, t => t with { Rate = new LinkRate(2900, "measured by the last update"), Release = t.Release with { Image = t.Release.Image with { DownloadBytes = 118L << 20 } } }),
        ["plan-layer-not-framed"] = d => Change(d, t => t with
        {
            Release = t.Release with { Image = t.Release.Image with { DownloadBytes = 118L << 20, Layers = [t.Release.Image.Layers[0] with { Size = 100 << 20, Members = [] }, t.Release.Image.Layers[0] with { Size = 18 << 20 }] } },
        }),
        ["plan-updater-was-fetched"] = d => Change(d, t => t with { Rate = LinkRate.Given(170 << 10), Fetched = [new CauseBytes("manifest", 5321, 0), new CauseBytes("updater", 9L << 20, 0)] }),
        ["plan-shared-boot-files-same"] = d => Change(d, t => t with { Release = t.Release with { BootFiles = Old.Manifest(1).BootFiles } }),
    };

    public static TheoryData<string> Names() => [.. Situations.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task The_plan_of_a_situation_is_what_was_reviewed(string name)
    {
        var device = new SimDevice(Old, New);
        Situations[name](device);

        var plan = await device.Target.PlanAsync(device);

        await Verified.TextAsync(name, PlanText.Write(plan));
    }

    [Fact]
    public async Task The_plan_of_a_second_update_names_the_release_that_is_lost()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        device.Target = new SimTarget(SimRelease.Make("2.102.0", SimBehaviour.Good).Manifest(sequence: 3), Reinstall: false) { AttemptId = new string('2', 32) };

        var plan = await device.Target.PlanAsync(device);

        await Verified.TextAsync("plan-second-update", PlanText.Write(plan));
    }

    [Fact]
    public async Task The_plan_for_a_boot_loader_without_trials_says_so()
    {
        var device = new SimDevice(Old, New, family: SimBootFamily.Direct);

        var plan = await device.Target.PlanAsync(device);

        await Verified.TextAsync("plan-loader-without-trials", PlanText.Write(plan));
    }

    [Theory]
    [InlineData("check-passes", new string[] { })]
    [InlineData("check-refuses", new[] { "a 1.x system", "mains unplugged, battery just below the threshold", "one source without it, one out of reach" })]
    [InlineData("check-may-pass-later", new[] { "a registry that cannot be reached" })]
    public async Task The_table_of_checks_is_what_was_reviewed(string name, string[] faults)
    {
        var device = Refusals.Device();
        foreach (string fault in faults)
            Refusals.All.Single(r => r.Name == fault).Fault(device);

        var checks = await device.Target.CheckAsync(device);

        await Verified.TextAsync(name, CheckText.Write(checks, device.Target.Release.Version));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_plan_fits_a_terminal_of_80_columns(string name)
    {
        var device = new SimDevice(Old, New);
        Situations[name](device);

        string text = PlanText.Write(await device.Target.PlanAsync(device));

        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 80, line));
    }

    private static void Change(SimDevice device, Func<SimTarget, SimTarget> change) => device.Target = change(device.Target);

    private static void SpareHoldsNew(SimDevice device)
    {
        device.SlotB.Provision(New);
        SpareContent.Remember(device.Files, Guid.Empty, New.TreeDigest);
    }
}
