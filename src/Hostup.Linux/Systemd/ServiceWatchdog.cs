using System.Diagnostics;
using System.Net.Sockets;

namespace Hostup.Linux.Systemd;

/// <summary>
/// Tells the service manager that this process gets on. A unit with WatchdogSec= whose process does not say so for that long is ended and started
/// again. To be called by what does the work, not by a timer beside it: that would go on when the work stands still. Outside of a unit nothing happens.
/// </summary>
/// <param name="socket">Path of the manager's datagram socket, '@' first for an abstract one; null: none.</param>
public sealed class ServiceWatchdog(string? socket)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private long? _toldAt;

    /// <summary>That of the unit in which this process runs.</summary>
    public static ServiceWatchdog OfThisUnit() => new(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"));

    /// <summary>Says so, at most each ten seconds. It never waits and never fails: who cannot say it is ended.</summary>
    public void Alive()
    {
        if (string.IsNullOrEmpty(socket) || (_toldAt is { } last && Stopwatch.GetElapsedTime(last) < Pause))
            return;
        _toldAt = Stopwatch.GetTimestamp();
        try
        {
            using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
            manager.SendTo("WATCHDOG=1"u8, new UnixDomainSocketEndPoint(socket[0] == '@' ? '\0' + socket[1..] : socket));
        }
        catch (SocketException)
        {
            // The manager is being replaced, or far behind: the next one reaches it.
        }
    }
}
