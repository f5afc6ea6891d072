namespace Hostup.Core.Wire;

/// <summary>The states of a delta on the server. docs/api.md says what a device hears in each.</summary>
public static class DeltaStates
{
    /// <summary>Asked for; no worker has taken it yet.</summary>
    public const string Queued = "queued";
    /// <summary>A worker builds it.</summary>
    public const string Building = "building";
    /// <summary>Built, proved and in the registry.</summary>
    public const string Ready = "ready";
    /// <summary>Built, and too large to be offered: the full image is hardly larger.</summary>
    public const string NotWorth = "not-worth";
    /// <summary>It could not be built or proved; devices take the full image.</summary>
    public const string Failed = "failed";

    /// <summary>Whether nothing follows this state by itself.</summary>
    public static bool IsSettled(string state) => state is Ready or NotWorth or Failed;
}
