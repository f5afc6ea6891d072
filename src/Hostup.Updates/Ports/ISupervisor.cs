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

    /// <summary>Starts the unit again, unless somebody had stopped it before the first stop. Its update timer stays stopped: it would run an update at once. Idempotent.</summary>
    ValueTask StartAsync(CancellationToken ct);

    /// <summary>Nothing is updated any more: the update timer goes on when it ran before the first stop. Idempotent.</summary>
    ValueTask ResumeUpdatesAsync(CancellationToken ct);
}
