using System.Globalization;
using System.Text;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

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

    /// <summary>Reads the clock; the floor is the later of the OS's build time and the newest signing time committed here.</summary>
    public static ClockReading Read(DevicePorts device)
    {
        var built = Time(device.Files, BuildTimePath, BuildTimeFormat);
        var signed = Time(device.Files, Places.NewestSigned, "O");
        var (now, synchronised) = (device.Clock.Now, device.Clock.IsSynchronised);
        return (built, signed) switch
        {
            (null, null) => new ClockReading(now, synchronised, DateTimeOffset.UnixEpoch, "no time is known"),
            ({ } b, { } s) when s > b => new ClockReading(now, synchronised, s, "the newest release committed here was signed"),
            ({ } b, _) => new ClockReading(now, synchronised, b, "the running OS was built"),
            (null, { } s) => new ClockReading(now, synchronised, s, "the newest release committed here was signed"),
        };
    }

    /// <summary>The same clock judged by this release too: a synchronised clock is not before the release was signed.</summary>
    public ClockReading With(DateTimeOffset signedAt) =>
        IsSynchronised && signedAt > Floor ? this with { Floor = signedAt, FloorFrom = "the release was signed" } : this;

    /// <summary>Keeps the signing time of a release that is committed, when it is the newest. Durable when it returns.</summary>
    public static void Remember(IFiles files, DateTimeOffset signedAt)
    {
        if (Time(files, Places.NewestSigned, "O") is not { } newest || newest < signedAt)
            AtomicFile.Write(files, Places.NewestSigned, Encoding.ASCII.GetBytes(signedAt.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture)));
    }

    private static DateTimeOffset? Time(IFiles files, string path, string format) =>
        files.Exists(path) && DateTimeOffset.TryParseExact(Encoding.ASCII.GetString(files.Read(path)).Trim(), format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}
