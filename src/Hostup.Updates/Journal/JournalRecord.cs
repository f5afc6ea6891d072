using System.Text.Json.Serialization;

namespace Hostup.Updates.Journal;

/// <summary>What a record of the journal says.</summary>
public enum JournalVerb
{
    /// <summary>First record: an attempt was opened; names plan, manifest and updater.</summary>
    Opened,

    /// <summary>A step is about to have its effect.</summary>
    Started,

    /// <summary>The effect of a step is there.</summary>
    Done,

    /// <summary>A step failed; undo follows.</summary>
    Failed,

    /// <summary>A step was taken back.</summary>
    Undone,

    /// <summary>A process took the run up again; written by older programs, which did not count it apart.</summary>
    Resumed,

    /// <summary>Last record: the attempt is over.</summary>
    Ended,

    /// <summary>User space of the OS on trial came up.</summary>
    TrialBoot,
}

/// <summary>One record of the journal. Property names are short because the journal is small; they never change meaning.</summary>
public sealed record JournalRecord
{
    /// <summary>What it says.</summary>
    [JsonPropertyName("v")]
    public required JournalVerb Verb { get; init; }

    /// <summary>Step it is about.</summary>
    [JsonPropertyName("s")]
    public string? Step { get; init; }

    /// <summary>Boot in which it was written.</summary>
    [JsonPropertyName("b")]
    public required string BootId { get; init; }

    /// <summary>When, by the device's clock.</summary>
    [JsonPropertyName("t")]
    public required DateTimeOffset At { get; init; }

    /// <summary>Opened: id of the attempt.</summary>
    [JsonPropertyName("a")]
    public string? AttemptId { get; init; }

    /// <summary>Opened: digest of the plan file.</summary>
    [JsonPropertyName("p")]
    public Digest? Plan { get; init; }

    /// <summary>Opened: digest of the program that carries out the attempt.</summary>
    [JsonPropertyName("u")]
    public Digest? Updater { get; init; }

    /// <summary>Opened: the operator asked for the same release again; absent: not.</summary>
    [JsonPropertyName("r")]
    public bool? Reinstall { get; init; }

    /// <summary>Ended: state as in <see cref="Core.Wire.AttemptStates"/>.</summary>
    [JsonPropertyName("e")]
    public string? Outcome { get; init; }

    /// <summary>Failed and Ended: error code.</summary>
    [JsonPropertyName("c")]
    public string? Code { get; init; }

    /// <summary>Failed and Ended: sentence for people, at most 400 characters. Undone: what is lost for good; absent: nothing.</summary>
    [JsonPropertyName("m")]
    public string? Message { get; init; }

    /// <summary>Done of write-slot: where the image came from.</summary>
    [JsonPropertyName("o")]
    public string? Source { get; init; }

    /// <summary>Bytes on the wire during the step, by cause.</summary>
    [JsonPropertyName("w")]
    public IReadOnlyList<Core.Wire.CauseBytes>? Bytes { get; init; }

    /// <summary>Done of write-slot: seconds of fetching and writing, without pauses and waits; absent: nothing was fetched, or by several processes.</summary>
    [JsonPropertyName("d")]
    public double? Seconds { get; init; }

    /// <summary>Done of gate: update locks of applications that were passed over, with who held them; absent: none.</summary>
    [JsonPropertyName("l")]
    public IReadOnlyList<string>? LocksOverridden { get; init; }

    /// <summary>Done of stop-supervisor: it ran before; absent: it did not.</summary>
    [JsonPropertyName("n")]
    public bool? SupervisorRan { get; init; }
}

/// <summary>JSON of what lies on the state partition, source-generated.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(DigestJsonConverter)])]
[JsonSerializable(typeof(JournalRecord))]
[JsonSerializable(typeof(KeptResumes))]
[JsonSerializable(typeof(Slots.SpareProgress))]
[JsonSerializable(typeof(Slots.SlotSystem))]
[JsonSerializable(typeof(Plan.UpdatePlan))]
[JsonSerializable(typeof(Rollback.RollbackCause))]
[JsonSerializable(typeof(Core.Wire.PolicySettings))]
[JsonSerializable(typeof(Account.KeptAccount))]
[JsonSerializable(typeof(Account.KeptAgentAccount))]
internal sealed partial class StateJson : JsonSerializerContext;
