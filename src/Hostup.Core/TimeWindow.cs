using System.Globalization;
using Hostup.Core.Errors;

namespace Hostup.Core;

/// <summary>
/// A time of day that comes again each day: <c>22:00-04:00 Europe/Berlin</c>. The zone is a name of the time zone database, an offset like
/// <c>+02:00</c>, or left out for UTC; summer time is the zone's.
/// </summary>
public sealed record TimeWindow
{
    private readonly TimeOnly _from;
    private readonly TimeOnly _to;
    private readonly TimeZoneInfo _zone;
    private readonly string _text;

    private TimeWindow(TimeOnly from, TimeOnly to, TimeZoneInfo zone, string text) => (_from, _to, _zone, _text) = (from, to, zone, text);

    /// <summary>Whether it is open at this time. Its first minute belongs to it, its last does not.</summary>
    public bool Contains(DateTimeOffset now)
    {
        var local = TimeOnly.FromTimeSpan(TimeZoneInfo.ConvertTime(now, _zone).TimeOfDay);
        return _from < _to ? local >= _from && local < _to : local >= _from || local < _to;
    }

    /// <summary>How long until it is open; zero: it is. To the minute.</summary>
    public TimeSpan UntilOpen(DateTimeOffset now)
    {
        // Minute by minute: the night of a change to summer time is nothing special then.
        var at = now;
        while (!Contains(at))
            at = at.AddMinutes(1);
        return at - now;
    }

    /// <summary>Reads a window.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>: malformed, empty, or of a zone that this machine does not know.</exception>
    public static TimeWindow Parse(string text)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts is not ([_] or [_, _]) || parts[0].Split('-') is not [var from, var to] || Time(from) is not { } begin || Time(to) is not { } end)
            throw Bad(text, "it is not of the form 22:00-04:00 Europe/Berlin");
        if (begin == end)
            throw Bad(text, "it begins and ends at the same time");
        string zone = parts is [_, var named] ? named : "UTC";
        return new TimeWindow(begin, end, Zone(zone) ?? throw Bad(text, $"this machine knows no time zone {zone}"), string.Join(' ', parts));
    }

    /// <inheritdoc/>
    public override string ToString() => _text;

    private static TimeOnly? Time(string text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static TimeZoneInfo? Zone(string name)
    {
        if (name[0] is '+' or '-')
        {
            return TimeSpan.TryParseExact(name[1..], @"hh\:mm", CultureInfo.InvariantCulture, out var offset) && offset <= TimeSpan.FromHours(14)
                ? TimeZoneInfo.CreateCustomTimeZone(name, name[0] == '-' ? -offset : offset, name, name)
                : null;
        }
        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null;
    }

    private static HostupException Bad(string text, string why) =>
        new(HostupErrors.BadValue, $"cannot use '{text}' as time window", why, "give it like 22:00-04:00 Europe/Berlin, or in UTC");
}
