using Hostup.Linux.Power;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Tests.Power;

/// <summary>Power supplies as the kernel shows them.</summary>
public sealed class PowerSupplyTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hostup-power-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_device_without_the_class_shows_no_supply() => Assert.Empty(new LinuxPowerSupplies(_root).Read());

    [Fact]
    public void Mains_and_battery_are_read_and_the_battery_of_a_mouse_is_not_ours()
    {
        Supply("AC", ("type", "Mains"), ("online", "1"));
        Supply("BAT0", ("type", "Battery"), ("capacity", "87"), ("scope", "System"));
        Supply("hidpp_battery_0", ("type", "Battery"), ("capacity", "5"), ("scope", "Device"));
        Supply("usb", ("type", "USB"), ("online", "0"));
        Supply("ups", ("type", "UPS"));

        Assert.Equal(
            [new PowerSupply("AC", false, true, null), new PowerSupply("BAT0", true, null, 87), new PowerSupply("ups", true, null, null), new PowerSupply("usb", false, false, null)],
            new LinuxPowerSupplies(_root).Read());
    }

    [Fact]
    public void A_battery_that_says_nonsense_is_of_unknown_charge()
    {
        Supply("BAT0", ("type", "Battery"), ("capacity", ""));

        Assert.Equal([new PowerSupply("BAT0", true, null, null)], new LinuxPowerSupplies(_root).Read());
    }

    // As in the kernel, the class holds links.
    private void Supply(string name, params (string Attribute, string Value)[] attributes)
    {
        string device = Path.Combine(_root, "sys/devices", name);
        Directory.CreateDirectory(device);
        Directory.CreateDirectory(Path.Combine(_root, "sys/class/power_supply"));
        Directory.CreateSymbolicLink(Path.Combine(_root, "sys/class/power_supply", name), "../../devices/" + name);
        foreach (var (attribute, value) in attributes)
            File.WriteAllText(Path.Combine(device, attribute), value + "\n");
    }
}
