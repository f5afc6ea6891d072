using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Files;

namespace Hostup.Device.Agent;

/// <summary>
/// Ends that no journal tells of: of targets that were never begun, and of attempts over whose journal another one was begun (<see cref="LeftEnds"/>). On the state partition until
/// the server has them, so that neither a lost answer nor a reboot loses one.
/// </summary>
/// <param name="files">The device's files.</param>
/// <param name="server">Who is told.</param>
/// <param name="data">The data partition, with the logs.</param>
/// <param name="memory">Where logs lie in memory.</param>
internal sealed class EndsToTell(IFiles files, ServerLink server, string data = LogFiles.Data, string memory = LogFiles.Memory)
{
    /// <summary>More than a server hands out while it takes no report; the oldest go.</summary>
    public const int Most = 16;

    private const string FilePath = Places.Hostup + "/unbegun-ends";
    private readonly HashSet<string> _told = [];
    private readonly List<string> _failed = [];
    private IReadOnlyList<EndToTell> _pending = Load(files);

    /// <summary>Whether the server is still to be told of the end of this attempt.</summary>
    public bool Has(string attempt) => _pending.Any(e => e.Attempt == attempt) || LeftEnds.Of(files).Any(l => l.End.Attempt == attempt);

    /// <summary>An attempt ended before it began. Durable when it returns, unless the state partition takes no write.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="report">What the server is told.</param>
    /// <param name="durable">False: kept in memory only. What a stranger asks for must not wear out the medium, and is found again when he asks again.</param>
    public void Add(string attempt, AttemptReport report, bool durable = true) =>
        Save([.. _pending.Where(e => e.Attempt != attempt).TakeLast(Most - 1), new EndToTell(attempt, report) { InMemory = !durable }]);

    /// <summary>Tells the server what it does not have, and sends it what is here of the log.</summary>
    /// <exception cref="HostupException">The server cannot be reached, or takes one of them not now; that one is told again.</exception>
    public async Task TellAsync(CancellationToken ct)
    {
        HostupException? fault = null;
        foreach (var (end, left) in Untold())
        {
            try
            {
                if (await IsTakenAsync(end, ct).ConfigureAwait(false) && (left is null || await SendLogAsync(left, ct).ConfigureAwait(false)))
                    Forget(end, left);
            }
            catch (HostupException e)
            {
                // One that the server cannot take keeps no other back: it comes last the next time.
                _failed.Remove(end.Attempt);
                _failed.Add(end.Attempt);
                if (e.Code == HostupErrors.Link || e.Code == HostupErrors.Unauthorized)
                    throw;
                fault ??= e;
            }
        }
        if (fault is not null)
            throw fault;
    }

    /// <summary>The same beside an update that runs: what fails is said, and tried again with the next poll.</summary>
    public async Task TryTellAsync(CancellationToken ct)
    {
        try
        {
            await TellAsync(ct).ConfigureAwait(false);
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            var error = MediumFault.Wrap("cannot tell the end of an earlier attempt", e);
            await Console.Error.WriteLineAsync($"{error.Message} [{error.Code}]").ConfigureAwait(false);
        }
    }

    private IReadOnlyList<(EndToTell End, LeftEnd? Left)> Untold()
    {
        var unbegun = _pending.Select(e => (End: e, Left: (LeftEnd?)null));
        var left = LeftEnds.Of(files).Where(l => !_told.Contains(l.End.Attempt)).Select(l => (l.End, Left: (LeftEnd?)l));
        return [.. unbegun.Concat(left).OrderBy(e => _failed.IndexOf(e.End.Attempt))];
    }

    private async Task<bool> IsTakenAsync(EndToTell end, CancellationToken ct)
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

    private Task<bool> SendLogAsync(LeftEnd left, CancellationToken ct) =>
        new AttemptDocuments(server, files, data, memory, left.LogPath).SendAsync(left.End.Attempt, plan: null, ended: true, ct);

    private void Forget(EndToTell end, LeftEnd? left)
    {
        if (left is null)
        {
            Save([.. _pending.Where(e => e != end)]);
            return;
        }
        _told.Add(end.Attempt); // also where it cannot be removed
        LeftEnds.Remove(files, left);
    }

    private void Save(IReadOnlyList<EndToTell> pending)
    {
        IReadOnlyList<EndToTell> before = [.. _pending.Where(e => !e.InMemory)], durable = [.. pending.Where(e => !e.InMemory)];
        _pending = pending;
        if (durable.SequenceEqual(before))
            return;
        try
        {
            if (durable is [])
                AtomicFile.Delete(files, FilePath);
            else
                AtomicFile.Write(files, FilePath, JsonSerializer.SerializeToUtf8Bytes(durable, DeviceJson.Default.IReadOnlyListEndToTell));
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            Console.Error.WriteLine($"ends that are to be told are not kept: {e.Message}");
        }
    }

    private static IReadOnlyList<EndToTell> Load(IFiles files)
    {
        try
        {
            return files.Exists(FilePath) ? JsonSerializer.Deserialize(files.Read(FilePath), DeviceJson.Default.IReadOnlyListEndToTell) ?? [] : [];
        }
        catch (Exception e) when (MediumFault.Is(e) || e is JsonException)
        {
            return [];
        }
    }
}

/// <summary>The end of an attempt.</summary>
/// <param name="Attempt">Its id.</param>
/// <param name="Report">What the server is told.</param>
internal sealed record EndToTell(string Attempt, AttemptReport Report)
{
    /// <summary>It is told, and forgotten with the agent.</summary>
    [JsonIgnore]
    public bool InMemory { get; init; }
}
