using Hostup.Core.Wire;

namespace Hostup.Updates.Plan;

/// <summary>What is asked for, beside the release itself, when a plan is made.</summary>
public sealed record PlanRequest
{
    /// <summary>The attempt, 32 hexadecimal digits.</summary>
    public required string AttemptId { get; init; }

    /// <summary>Digest of the signed payload of the release.</summary>
    public required Digest Manifest { get; init; }

    /// <summary>Digest of the program that carries the plan out.</summary>
    public required Digest Updater { get; init; }

    /// <summary>Version of that program.</summary>
    public required string UpdaterVersion { get; init; }

    /// <summary>Registries tried after the server's own.</summary>
    public IReadOnlyList<string> FallbackRegistries { get; init; } = [];

    /// <summary>Whether update locks of applications are passed over.</summary>
    public bool OverrideLocks { get; init; }

    /// <summary>How and when it may be carried out.</summary>
    public UpdatePolicy Policy { get; init; } = new();

    /// <summary>Bytes that were on the wire so far.</summary>
    public IReadOnlyList<CauseBytes> Fetched { get; init; } = [];

    /// <summary>Speed of the link; null: unknown.</summary>
    public LinkRate? Rate { get; init; }
}
