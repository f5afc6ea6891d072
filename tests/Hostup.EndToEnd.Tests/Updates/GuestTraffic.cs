using System.Globalization;
using Hostup.Lab.Devices;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>What crossed the guest's network interface, by the guest's own kernel.</summary>
/// <param name="Bytes">Received and sent, with all headers.</param>
/// <param name="Segments">TCP segments that it received and sent, without those that stayed in the device.</param>
internal sealed record GuestTraffic(long Bytes, long Segments)
{
    /// <summary>Ethernet, IPv4 and TCP without options: QEMU's network agrees on none after the greeting.</summary>
    private const int HeaderBytes = 14 + 20 + 20;

    /// <summary>Bytes of headers, estimated.</summary>
    public long Headers => Segments * HeaderBytes;

    public static GuestTraffic operator -(GuestTraffic now, GuestTraffic before) => new(now.Bytes - before.Bytes, now.Segments - before.Segments);

    public static async Task<GuestTraffic> ReadAsync(VirtualDevice device, CancellationToken ct)
    {
        const string words = "for i in /sys/class/net/*; do [ -e $i/device ] && cat $i/statistics/rx_bytes $i/statistics/tx_bytes; done; cat /sys/class/net/lo/statistics/rx_packets; grep ^Tcp: /proc/net/snmp";
        string[] lines = (await device.RunAsync(["sh", "-c", words], ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var tcp = lines[^2].Split(' ').Zip(lines[^1].Split(' ')).Skip(1).ToDictionary(f => f.First, f => Number(f.Second));
        // what stays in the device is sent once and received once
        return new GuestTraffic(lines[..^3].Sum(Number), tcp["InSegs"] + tcp["OutSegs"] - (2 * Number(lines[^3])));
    }

    private static long Number(string text) => long.Parse(text.Trim(), CultureInfo.InvariantCulture);
}
