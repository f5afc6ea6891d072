namespace Hostup.Updates.Ports;

/// <summary>One supply as the kernel shows it below /sys/class/power_supply.</summary>
/// <param name="Name">For example <c>BAT0</c>.</param>
/// <param name="IsBattery">A battery of the device; else mains, USB or another supply from outside.</param>
/// <param name="IsOnline">Whether a supply from outside is plugged in; null: it does not say.</param>
/// <param name="CapacityPercent">Charge of a battery; null: it does not say.</param>
public sealed record PowerSupply(string Name, bool IsBattery, bool? IsOnline, int? CapacityPercent);

/// <summary>What the device is powered from, where that can be read.</summary>
public interface IPowerSupplies
{
    /// <summary>Every supply; empty on a device that shows none.</summary>
    IReadOnlyList<PowerSupply> Read();
}
