using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.Checks;

/// <summary>What changes while an update waits or downloads is seen at the gate, before boot files and boot settings.</summary>
public sealed class GateCheckTests
{
    private static readonly Dictionary<string, Action<SimDevice>> Changes = new()
    {
        ["power-supply"] = d => d.Ports.Supplies = [new("BAT0", true, null, 9)],
        ["state-space"] = d => d.Files.Free[Places.State] = 1 << 20,
        ["boot-space"] = d => d.Files.Free[Places.Boot] = 100,
        ["engine"] = d => d.Ports.EngineHangs = true,
        ["known-bad"] = d => d.State.Provision(Places.KnownBad, System.Text.Encoding.ASCII.GetBytes(d.Target.Release.Image.Digest + "\n")),
    };

    public static TheoryData<string> Names() => [.. Changes.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task A_fault_that_comes_during_the_download_is_refused_at_the_gate(string check)
    {
        var device = Refusals.Device();
        device.Ports.Meanwhile = state =>
        {
            if (state == AttemptStates.Supervisor)
                Changes[check](device);
        };
        byte[] before = device.Boot.Read(Places.Boot + "/EFI/BOOT/grub.cfg")!;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Refused, device.Outcome);
        Assert.Equal(check, device.End!.Error!.Code.Id);
        Assert.Equal(before, device.Boot.Read(Places.Boot + "/EFI/BOOT/grub.cfg"));
        Assert.Equal(new BootSettings(2, false, 0), device.Device.Boot.Read());
        Assert.True(device.Ports.SupervisorRuns);
        Assert.Equal(1, device.Boots);
    }

    [Fact]
    public async Task A_registry_that_goes_away_after_the_download_does_not_matter_any_more()
    {
        var device = Refusals.Device();
        device.Ports.Meanwhile = state =>
        {
            if (state == AttemptStates.Supervisor)
                device.Sources = [];
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
    }
}
