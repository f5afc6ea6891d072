namespace Hostup.Updates.Ports;

/// <summary>Time on the device.</summary>
public interface ISystemClock
{
    /// <summary>Now; before synchronisation it may be years off.</summary>
    DateTimeOffset Now { get; }

    /// <summary>Whether a time server set it since power-on; only then time limits are judged.</summary>
    bool IsSynchronised { get; }

    /// <summary>Waits.</summary>
    ValueTask DelayAsync(TimeSpan time, CancellationToken ct);
}
