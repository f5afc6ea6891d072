namespace Hostup.Updates.Ports;

/// <summary>The supervisor: its unit and its update timer.</summary>
public interface ISupervisor
{
    /// <summary>Whether the OS has a supervisor at all.</summary>
    bool IsInstalled { get; }

    /// <summary>Whether its unit is active.</summary>
    ValueTask<bool> IsRunningAsync(CancellationToken ct);

    /// <summary>Stops the update timer, an update that is under way, the unit, also when it is about to start, and the container; user containers stay. Idempotent; a reboot takes it back.</summary>
    ValueTask StopAsync(CancellationToken ct);

    /// <summary>Starts them again. Idempotent.</summary>
    ValueTask StartAsync(CancellationToken ct);
}
