using Hostup.Core.Errors;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Checks;

/// <summary>Whether the power lasts for the update, as far as it can be read.</summary>
internal static class PowerCheck
{
    // Own choice: writing and verifying a slot and booting twice takes minutes, and old batteries show too much.
    private const int MinimumPercent = 30;

    public static CheckResult Evaluate(IReadOnlyList<PowerSupply> supplies)
    {
        string seen = string.Join(", ", supplies.Select(Describe));
        var weak = supplies.Where(s => s is { IsBattery: true, CapacityPercent: < MinimumPercent }).ToList();
        bool outside = supplies.Any(s => s is { IsBattery: false, IsOnline: true });
        string saw = supplies is [] ? "this device shows no power supply: not judged" : outside ? $"powered from outside ({seen})" : $"on battery or unknown ({seen})";
        bool enough = outside || weak is [] || supplies.Any(s => s is { IsBattery: true, CapacityPercent: >= MinimumPercent });
        return new CheckResult(HostupErrors.PowerSupply.Id, HostupErrors.PowerSupply, enough, enough ? saw : $"{saw}; at least {MinimumPercent} % needed",
            enough ? "" : $"plug the device in, or charge it to {MinimumPercent} %");
    }

    private static string Describe(PowerSupply supply) => supply.IsBattery
        ? $"{supply.Name} {(supply.CapacityPercent is { } percent ? $"{percent} %" : "of unknown charge")}"
        : $"{supply.Name} {supply.IsOnline switch { true => "online", false => "offline", null => "unknown" }}";
}
