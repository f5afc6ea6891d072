using Hostup.Core.Errors;
using Hostup.Updates.Ports;
using Hostup.Updates.Sources;

namespace Hostup.Device.Agent;

/// <summary>
/// When the server is asked again after a turn that failed: after a pause that grows up to the interval of its polls and is another one for each device, and never before it
/// asks to be. A link may cost by the byte, and a server that comes back must not meet its whole fleet at once.
/// </summary>
/// <param name="clock">Time.</param>
/// <param name="seed">Another one for each device.</param>
internal sealed class ServerPace(ISystemClock clock, string seed)
{
    /// <summary>After the first failure, on average.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(20);

    /// <summary>The same where the key is refused: it does not become known by asking often.</summary>
    public static readonly TimeSpan FirstAfterRefusal = TimeSpan.FromMinutes(2);

    /// <summary>Longest pause on average while the server has not said how often it wants to be asked: the interval that it has by itself.</summary>
    public static readonly TimeSpan UsualInterval = TimeSpan.FromMinutes(15);

    /// <summary>What a server asks for beyond that would be a device that is never heard of again.</summary>
    public static readonly TimeSpan LongestAsked = TimeSpan.FromDays(1);

    private const int MostDoublings = 16; // 15 days: more than any interval
    private readonly SpreadPauses _spread = new(seed);
    private TimeSpan _until;
    private int _failures;

    /// <summary>How long the server is left alone from now on; zero: it may be asked.</summary>
    public TimeSpan Left => Longer(_until - clock.Elapsed, TimeSpan.Zero);

    /// <summary>A turn failed.</summary>
    /// <param name="error">Why.</param>
    /// <param name="interval">Interval of the polls as the server set it; null: it has not.</param>
    public void Failed(HostupException error, TimeSpan? interval)
    {
        var first = error.Code == HostupErrors.Unauthorized ? FirstAfterRefusal : First;
        var grown = first * (1 << Math.Min(_failures++, MostDoublings));
        var pause = _spread.Next(Shorter(grown, Longer(interval ?? UsualInterval, first)));
        if (error.RetryAfter is { } asked)
            pause = Longer(pause, Shorter(asked, LongestAsked) + _spread.Next(First));
        _until = clock.Elapsed + pause;
    }

    /// <summary>The server answered: the next failure is the first one again.</summary>
    public void Answered() => (_failures, _until) = (0, TimeSpan.Zero);

    /// <summary>Somebody wants it to be asked now.</summary>
    public void Wake() => _until = TimeSpan.Zero;

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
