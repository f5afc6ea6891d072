using System.Globalization;
using System.Text;
using Hostup.Core.Releases;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Trust;

/// <summary>The latest time that a signed document has proved to this device, on the state partition. It only grows.</summary>
public static class ClockFloor
{
    /// <summary>The floor; 1970 when nothing signed was seen yet.</summary>
    public static DateTimeOffset Read(IFiles files) => files.Exists(Places.ClockFloor)
        && DateTimeOffset.TryParseExact(Encoding.ASCII.GetString(files.Read(Places.ClockFloor)).Trim(), "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var floor)
        ? floor
        : DateTimeOffset.UnixEpoch;

    /// <summary>A document that somebody trusted has signed bears this time. Durable when it returns.</summary>
    public static void Raise(IFiles files, DateTimeOffset proven)
    {
        if (proven <= Read(files))
            return;
        files.CreateDirectory(Places.Hostup);
        AtomicFile.Write(files, Places.ClockFloor, Encoding.ASCII.GetBytes(proven.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture)));
    }

    /// <summary>What the device knows of time.</summary>
    public static ReleaseFreshness Freshness(IFiles files, ISystemClock clock) => new(clock.Now, clock.IsSynchronised, Read(files));
}
