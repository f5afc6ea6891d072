using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Files;

namespace Hostup.Device.Agent;

/// <summary>
/// Ends of targets that were never begun: no journal tells of them. Kept on the state partition until the server has them, so that neither a lost answer
/// nor a reboot loses one.
/// </summary>
internal sealed class UnbegunEnds(IFiles files, ServerLink server)
{
    /// <summary>More than a server hands out while it takes no report; the oldest go.</summary>
    public const int Most = 16;

    private const string FilePath = Places.Hostup + "/unbegun-ends";
    private IReadOnlyList<UnbegunEnd> _pending = Load(files);

    /// <summary>Whether the server is still to be told of the end of this attempt.</summary>
    public bool Has(string attempt) => _pending.Any(e => e.Attempt == attempt);

    /// <summary>An attempt ended before it began. Durable when it returns, unless the state partition takes no write.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="report">What the server is told.</param>
    /// <param name="durable">False: kept in memory only. What a stranger asks for must not wear out the medium, and is found again when he asks again.</param>
    public void Add(string attempt, AttemptReport report, bool durable = true) =>
        Save([.. _pending.Where(e => e.Attempt != attempt).TakeLast(Most - 1), new UnbegunEnd(attempt, report) { InMemory = !durable }]);

    /// <summary>Tells the server what it does not have.</summary>
    /// <exception cref="HostupException">The server cannot be reached, or takes one of them not now; that one is told again.</exception>
    public async Task TellAsync(CancellationToken ct)
    {
        foreach (var end in _pending)
        {
            if (await IsTakenAsync(end, ct).ConfigureAwait(false))
                Save([.. _pending.Where(e => e != end)]);
        }
    }

    private async Task<bool> IsTakenAsync(UnbegunEnd end, CancellationToken ct)
    {
        try
        {
            // Only a server that says it keeps the end has it; an older one says nothing.
            var answer = await server.ReportAsync(end.Attempt, end.Report, ct).ConfigureAwait(false);
            return answer.State.Length == 0 || AttemptStates.IsTerminal(answer.State);
        }
        catch (HostupException e) when (e.Code == HostupErrors.NotFound)
        {
            return true; // it knows no such attempt, and never will
        }
    }

    private void Save(IReadOnlyList<UnbegunEnd> pending)
    {
        IReadOnlyList<UnbegunEnd> before = [.. _pending.Where(e => !e.InMemory)], durable = [.. pending.Where(e => !e.InMemory)];
        _pending = pending;
        if (durable.SequenceEqual(before))
            return;
        try
        {
            if (durable is [])
                AtomicFile.Delete(files, FilePath);
            else
                AtomicFile.Write(files, FilePath, JsonSerializer.SerializeToUtf8Bytes(durable, DeviceJson.Default.IReadOnlyListUnbegunEnd));
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            Console.Error.WriteLine($"ends that are to be told are not kept: {e.Message}");
        }
    }

    private static IReadOnlyList<UnbegunEnd> Load(IFiles files)
    {
        try
        {
            return files.Exists(FilePath) ? JsonSerializer.Deserialize(files.Read(FilePath), DeviceJson.Default.IReadOnlyListUnbegunEnd) ?? [] : [];
        }
        catch (Exception e) when (MediumFault.Is(e) || e is JsonException)
        {
            return [];
        }
    }
}

/// <summary>The end of an attempt that was never begun.</summary>
/// <param name="Attempt">Its id.</param>
/// <param name="Report">What the server is told.</param>
internal sealed record UnbegunEnd(string Attempt, AttemptReport Report)
{
    /// <summary>It is told, and forgotten with the agent.</summary>
    [JsonIgnore]
    public bool InMemory { get; init; }
}
