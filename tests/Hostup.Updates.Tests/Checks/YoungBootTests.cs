using System.Text;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Tests.Checks;

/// <summary>An attempt that a power cut interrupted goes on in a boot whose engine is not up yet and whose clock nobody has set.</summary>
public sealed class YoungBootTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(90, 0)]
    [InlineData(0, 90)]
    [InlineData(540, 590)]
    public async Task What_a_boot_brings_in_time_ends_no_attempt(int engineSeconds, int clockSeconds)
    {
        var device = await CutAsync(engineSeconds, clockSeconds);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(engineSeconds > 0, device.Ports.Notes.Contains("waits after the reboot until the container engine answers"));
        Assert.Equal(clockSeconds > engineSeconds, device.Ports.Notes.Contains("waits after the reboot until the clock is set"));
    }

    [Theory]
    [InlineData(630, 0, "engine")]
    [InlineData(0, 630, "clock")]
    public async Task What_is_not_there_ten_minutes_after_the_boot_refuses(int engineSeconds, int clockSeconds, string code)
    {
        var device = await CutAsync(engineSeconds, clockSeconds);

        await device.RunAsync();

        Assert.Equal((AttemptStates.Refused, code), (device.Outcome, new AttemptJournal(device.Files).Read()[^1].Code));
        Assert.InRange(device.Ports.SinceBoot, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(11));
    }

    [Theory]
    [InlineData(170, AttemptStates.Committed)]
    [InlineData(190, AttemptStates.Refused)]
    public async Task An_attempt_that_begins_right_after_a_boot_waits_for_three_minutes(int engineSeconds, string outcome)
    {
        var device = Refusals.Device(1); // before the first record
        device.Ports.EngineNeeds = TimeSpan.FromSeconds(engineSeconds);

        await device.RunAsync();

        Assert.Equal((outcome, 2), (device.Outcome, outcome == AttemptStates.Committed ? device.Boots - 1 : device.Boots));
    }

    [Fact]
    public async Task Who_cancels_need_not_wait_for_it()
    {
        var device = await CutAsync(engineSeconds: 630, clockSeconds: 0);
        device.Ports.Meanwhile = _ => device.Ports.Wishes = device.Boots > 1 ? AttemptWishes.Cancel : AttemptWishes.None;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Cancelled, device.Outcome);
        Assert.InRange(device.Ports.SinceBoot, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task On_a_device_that_is_up_for_long_an_attempt_is_refused_at_once()
    {
        var device = Refusals.Device();
        device.Ports.EngineHangs = true;
        var began = device.Ports.Now;

        await device.RunAsync();

        Assert.Equal((AttemptStates.Refused, began), (device.Outcome, device.Ports.Now));
    }

    /// <summary>A device whose power goes when the spare is formatted.</summary>
    private static async Task<SimDevice> CutAsync(int engineSeconds, int clockSeconds)
    {
        var whole = Refusals.Device();
        await whole.RunAsync();
        var device = Refusals.Device(whole.Power.Log.IndexOf("format spare") + 1);
        device.Ports.EngineNeeds = TimeSpan.FromSeconds(engineSeconds);
        device.Ports.ClockNeeds = TimeSpan.FromSeconds(clockSeconds);
        device.State.Provision(Places.ClockFloor, Encoding.ASCII.GetBytes($"{device.Ports.Now.AddYears(-1):O}"));
        return device;
    }
}
