using Hostup.Core.Wire;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;

namespace Hostup.Updates.Account;

/// <summary>The whole account of an attempt for a report: the update's bytes, the agent's, and what the interfaces carried beyond both.</summary>
public static class AttemptBytes
{
    /// <summary>
    /// Cause of what nobody of us counted: headers of TCP and IP, name and time service, applications, and what was counted by a process that was
    /// killed before it could keep it.
    /// </summary>
    public const string UnexplainedCause = "unexplained";

    /// <summary>Bytes received of what the agent fetched for an attempt before its process began, or began again: by its account, which has failed tries and headers too, else by the plan.</summary>
    /// <param name="files">Files.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="plan">Its plan; null when its file is gone.</param>
    public static long FetchedByAgent(IFiles files, string attempt, UpdatePlan? plan) =>
        Math.Max(plan?.FetchedBefore.Sum(b => b.Received) ?? 0, AgentAccount.KeptFetched(files, attempt));

    /// <summary>Bytes that an attempt has received of its budget, as they are kept: by its agent and by its processes.</summary>
    /// <inheritdoc cref="FetchedByAgent"/>
    public static long Received(IFiles files, string attempt, UpdatePlan? plan) =>
        FetchedByAgent(files, attempt, plan) + (AttemptAccount.Of(files, attempt)?.Sum(b => b.Received) ?? 0);

    /// <summary>Adds it up.</summary>
    /// <param name="files">Files.</param>
    /// <param name="records">The journal.</param>
    /// <param name="plan">The plan; null when its file is gone.</param>
    /// <param name="agent">The agent's account, where the agent asks; null: as it is kept.</param>
    public static IReadOnlyList<CauseBytes> Of(IFiles files, IReadOnlyList<JournalRecord> records, UpdatePlan? plan, AgentAccount? agent = null)
    {
        if (records is not [{ AttemptId: { } attempt }, ..])
            return [];
        var update = AttemptAccount.Of(files, attempt) ?? records.SelectMany(r => r.Bytes ?? []);
        var kept = agent is not null ? agent.Of(attempt) : AgentAccount.Load(files) is { } load && load.Attempt == attempt ? load : null;
        if (kept is null)
            return AttemptAccount.Sum([.. plan?.FetchedBefore ?? [], .. update]);
        var explained = AttemptAccount.Sum(kept.Bytes.Concat(update));
        if (kept.Received == 0 && kept.Sent == 0)
            return explained;
        // Below zero after a power cut, which takes more from the interfaces' count than from the others: it is told as it is.
        var unexplained = new CauseBytes(UnexplainedCause, kept.Received - explained.Sum(b => b.Received), kept.Sent - explained.Sum(b => b.Sent));
        return [.. explained, unexplained];
    }
}
