using System.Text.Json;
using Hostup.Updates.Journal;

namespace Hostup.Updates.Plan;

/// <summary>What one attempt is going to do. The object that is shown, saved and executed is the same.</summary>
public sealed record UpdatePlan
{
    /// <summary>The attempt, 32 hexadecimal digits.</summary>
    public required string AttemptId { get; init; }

    /// <summary>Version that runs.</summary>
    public required string FromVersion { get; init; }

    /// <summary>Version to run.</summary>
    public required string ToVersion { get; init; }

    /// <summary>Digest of the release manifest (the signed payload) that lies beside the plan.</summary>
    public required Digest Manifest { get; init; }

    /// <summary>Label of the slot that runs.</summary>
    public required string FromSlot { get; init; }

    /// <summary>Partition number of the slot that runs.</summary>
    public required int FromPartition { get; init; }

    /// <summary>Label of the slot to write.</summary>
    public required string ToSlot { get; init; }

    /// <summary>Partition number of the slot to write.</summary>
    public required int ToPartition { get; init; }

    /// <summary>UUID of the file system to make on the spare slot; derived from the attempt, so a resumed run knows its own.</summary>
    public required Guid FileSystem { get; init; }

    /// <summary>The operator asked for the same release again.</summary>
    public bool Reinstall { get; init; }

    /// <summary>
    /// The operator wants the OS of the spare slot back as it is: nothing is fetched and the slot is not written. The manifest beside the plan is the device's own
    /// description of that OS, <see cref="RevertPlanner"/>.
    /// </summary>
    public bool Revert { get; init; }

    /// <summary>The operator wants update locks of applications passed over.</summary>
    public bool OverrideLocks { get; init; }

    /// <summary>Digest of the program that carries the attempt out.</summary>
    public required Digest Updater { get; init; }

    /// <summary>Version of that program.</summary>
    public required string UpdaterVersion { get; init; }

    /// <summary>Steps in order, for people and reports.</summary>
    public IReadOnlyList<PlannedStep> Steps { get; init => field = value ?? []; } = [];

    /// <summary>Registries tried after the server's own.</summary>
    public IReadOnlyList<string> FallbackRegistries { get; init => field = value ?? []; } = [];

    /// <summary>How and when it may be carried out.</summary>
    public Core.Wire.UpdatePolicy Policy { get; init => field = value ?? new(); } = new();

    /// <summary>Bytes that were on the wire before the attempt began, by cause: release envelope and updater.</summary>
    public IReadOnlyList<Core.Wire.CauseBytes> FetchedBefore { get; init => field = value ?? []; } = [];

    /// <summary>Bytes of the updater that the server names and that is not here; zero: what is needed is here.</summary>
    public long UpdaterBytesMissing { get; init; }

    /// <summary>What is gone for good once the spare slot is written, for people.</summary>
    public string Lost { get; init => field = value ?? ""; } = "";

    /// <summary>The step from whose end on only the new OS, or its failure, decides; the operator's cancel comes too late.</summary>
    public string PointOfNoReturn { get; init => field = value ?? ""; } = "";

    /// <summary>What the plan rests on: when one of these differs, it is no longer the plan for this device.</summary>
    public IReadOnlyList<PlanFact> Facts { get; init => field = value ?? []; } = [];

    /// <summary>Digest of <see cref="Facts"/>; null in a plan of an older program.</summary>
    public Digest? FactsDigest { get; init; }

    /// <summary>What it will cost, as far as it is known; differs a little each time it is made.</summary>
    public PlanEstimate? Estimate { get; init; }

    /// <summary>The JSON of the plan, UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, StateJson.Default.UpdatePlan);

    /// <summary>Reads a plan.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static UpdatePlan Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, StateJson.Default.UpdatePlan) ?? throw new JsonException("the plan is null");
}

/// <summary>One step of a plan.</summary>
/// <param name="Name">Name of the step.</param>
/// <param name="Effect">What it does to this device.</param>
/// <param name="Undo">How it is taken back.</param>
/// <param name="DownloadBytes">Bytes it downloads.</param>
public sealed record PlannedStep(string Name, string Effect, string Undo, long DownloadBytes);
