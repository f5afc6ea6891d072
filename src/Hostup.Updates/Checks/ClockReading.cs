using System.Globalization;
using System.Text;
using Hostup.Updates.Files;
using Hostup.Updates.Run;
using Hostup.Updates.Trust;

namespace Hostup.Updates.Checks;

/// <summary>The device's clock and the newest time that the device has proof of.</summary>
/// <param name="Now">What it shows.</param>
/// <param name="IsSynchronised">Whether a time server set it.</param>
/// <param name="Floor">The time before which it is wrong.</param>
/// <param name="FloorFrom">Where the floor comes from, for people.</param>
public sealed record ClockReading(DateTimeOffset Now, bool IsSynchronised, DateTimeOffset Floor, string FloorFrom)
{
    // Yocto's image class writes UTC as yyyyMMddHHmmss when it builds an image.
    private const string BuildTimePath = "/etc/timestamp";
    private const string BuildTimeFormat = "yyyyMMddHHmmss";

    // Between the clock of a builder's machine and that of a device.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(10);

    /// <summary>Whether it is not before the floor.</summary>
    public bool IsPlausible => Now + Skew >= Floor;

    /// <summary>Reads the clock; the floor is the later of the OS's build time and the latest signed time seen.</summary>
    public static ClockReading Read(DevicePorts device)
    {
        var reading = new ClockReading(device.Clock.Now, device.Clock.IsSynchronised, DateTimeOffset.UnixEpoch, "no time is proved");
        return reading.After(BuildTime(device.Files), "the running OS was built").After(ClockFloor.Read(device.Files), "a release committed here was signed");
    }

    /// <summary>The same clock judged by this release too: a synchronised clock is not before the release was signed.</summary>
    public ClockReading With(DateTimeOffset signedAt) => IsSynchronised ? After(signedAt, "the release was signed") : this;

    private ClockReading After(DateTimeOffset time, string from) => time > Floor ? this with { Floor = time, FloorFrom = from } : this;

    private static DateTimeOffset BuildTime(IFiles files) =>
        files.Exists(BuildTimePath) && DateTimeOffset.TryParseExact(Encoding.ASCII.GetString(files.Read(BuildTimePath)).Trim(), BuildTimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.UnixEpoch;
}
