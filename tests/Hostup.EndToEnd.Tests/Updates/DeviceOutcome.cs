using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Devices;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>How an attempt ended, as the device itself says.</summary>
public static class DeviceOutcome
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(12);

    /// <summary>Waits for the end of the attempt, through reboots.</summary>
    public static async Task<string> WaitAsync(VirtualDevice device, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        string last = "nothing";
        while (TimeProvider.System.GetElapsedTime(start) < Limit)
        {
            try
            {
                await device.WaitForGuestAsync(ct);
                using var status = JsonDocument.Parse(await device.RunAsync(["hostup-device", "status", "--json"], ct));
                last = status.RootElement.GetProperty("attempt").GetProperty("state").GetString()!;
                if (AttemptStates.IsTerminal(last))
                    return last;
            }
            catch (Exception e) when (e is HostupException or JsonException or KeyNotFoundException)
            {
                // it reboots, or there is no journal yet
            }
            await Task.Delay(TimeSpan.FromSeconds(2), ct);
        }
        return $"no end, last seen {last}";
    }
}
