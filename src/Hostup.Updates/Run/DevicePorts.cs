using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Slots;

namespace Hostup.Updates.Run;

/// <summary>The device as an update sees it: all its ports.</summary>
public sealed record DevicePorts
{
    /// <summary>Small files.</summary>
    public required IFiles Files { get; init; }

    /// <summary>Root partitions.</summary>
    public required ISlots Slots { get; init; }

    /// <summary>Boot settings.</summary>
    public required IBootEnvironment Boot { get; init; }

    /// <summary>Where boot loaders lie outside of every file system.</summary>
    public required IBootMedia Media { get; init; }

    /// <summary>The supervisor.</summary>
    public required ISupervisor Supervisor { get; init; }

    /// <summary>The container engine.</summary>
    public required IContainerEngine Engine { get; init; }

    /// <summary>Where images for the container engine come from.</summary>
    public required IImageSources Images { get; init; }

    /// <summary>Update locks of applications.</summary>
    public required IUpdateLocks Locks { get; init; }

    /// <summary>Health checks of the running OS.</summary>
    public required IHealthChecks Health { get; init; }

    /// <summary>Programs that a release brings for its update.</summary>
    public required IHooks Hooks { get; init; }

    /// <summary>This boot.</summary>
    public required IPower Power { get; init; }

    /// <summary>What kernels of earlier boots said last.</summary>
    public required IKernelLog KernelLog { get; init; }

    /// <summary>What it is powered from.</summary>
    public required IPowerSupplies Supplies { get; init; }

    /// <summary>Other update processes.</summary>
    public required IUpdateProcesses Processes { get; init; }

    /// <summary>The way to other machines.</summary>
    public required INetwork Network { get; init; }

    /// <summary>Time.</summary>
    public required ISystemClock Clock { get; init; }
}
