using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Account;

/// <summary>
/// What the agent counts of an attempt: its own talk with the server, and what the interfaces carried in all while the attempt was open, over
/// processes and boots. The kernel counts on while the agent is dead; what the interfaces carried since it was kept last is lost with the power.
/// </summary>
public sealed class AgentAccount
{
    /// <summary>Cause of the release's envelope.</summary>
    public const string ManifestCause = "manifest";

    /// <summary>Cause of the device program that carries an attempt out.</summary>
    public const string UpdaterCause = "updater";

    /// <summary>Cause of what the container engine fetches for the user's applications meanwhile.</summary>
    public const string ApplicationCause = "application";

    /// <summary>A write of the state partition each minute is enough: it is lost with the power only.</summary>
    private static readonly TimeSpan KeepEach = TimeSpan.FromMinutes(1);

    private readonly IFiles _files;
    private readonly INetwork _network;
    private readonly IPower _power;
    private readonly ISystemClock _clock;
    private KeptAgentAccount? _now;
    private TimeSpan _keptAt;
    private bool _isConfirmed = true;

    /// <summary>Goes on with what is kept.</summary>
    public AgentAccount(IFiles files, INetwork network, IPower power, ISystemClock clock)
    {
        (_files, _network, _power, _clock) = (files, network, power, clock);
        _now = Load(files);
    }

    /// <summary>Whether it counts for this attempt.</summary>
    public bool IsOf(string attempt) => _now?.Attempt == attempt;

    /// <summary>Bytes received of what an attempt needs, release and updater: they are part of its budget, polls and reports are not. Zero for an attempt that it does not count for.</summary>
    public long Fetched(string attempt) => Needed(Of(attempt));

    /// <summary>The same by the account that is kept, for who is not the agent.</summary>
    internal static long KeptFetched(IFiles files, string attempt) => Load(files) is { } kept && kept.Attempt == attempt ? Needed(kept) : 0;

    /// <summary>Begins anew: from here on everything belongs to this attempt. Durable when it returns.</summary>
    public void Begin(string attempt)
    {
        Expect(attempt);
        Confirm();
    }

    /// <summary>The same in memory only, until <see cref="Confirm"/>: who names an attempt may be anybody.</summary>
    public void Expect(string attempt)
    {
        _now = new KeptAgentAccount(attempt) { BootId = _power.BootId, Interfaces = _network.Count(), Engine = _network.EngineConnections() };
        _isConfirmed = false;
    }

    /// <summary>A trusted key signed what the attempt is for: from now on the account is kept. Durable when it returns the first time.</summary>
    public void Confirm()
    {
        if (_isConfirmed)
            return;
        _isConfirmed = true;
        Keep();
    }

    /// <summary>Whether it counts for this attempt, and is kept.</summary>
    public bool IsKept(string attempt) => IsOf(attempt) && _isConfirmed;

    /// <summary>Adds bytes of the agent's own.</summary>
    public void Add(CauseBytes bytes)
    {
        if (_now is { Ended: false })
            _now = _now with { Bytes = AttemptAccount.Sum(_now.Bytes.Append(bytes)) };
    }

    /// <summary>Reads the interfaces, and keeps the account now and then.</summary>
    /// <param name="ended">The attempt has ended: nothing is counted any more; durable when it returns.</param>
    public void Look(bool ended)
    {
        if (_now is not { Ended: false })
            return;
        CountEngine(_now);
        var counters = _network.Count();
        var (received, sent) = (_now.Received, _now.Sent);
        foreach (var counter in counters)
        {
            // One that was made anew, and all of them after a boot, begin at zero; what they have is of this attempt.
            var last = _now.BootId == _power.BootId ? _now.Interfaces.FirstOrDefault(i => i.Name == counter.Name) : null;
            received += last is not null && counter.Received >= last.Received ? counter.Received - last.Received : counter.Received;
            sent += last is not null && counter.Sent >= last.Sent ? counter.Sent - last.Sent : counter.Sent;
        }
        _now = _now with { BootId = _power.BootId, Interfaces = counters, Received = received, Sent = sent, Ended = ended };
        if (ended || _clock.Elapsed - _keptAt >= KeepEach)
            Keep();
    }

    /// <summary>Keeps it now: the agent ends. Durable when it returns.</summary>
    public void KeepNow()
    {
        if (_now is { Ended: false })
            Keep();
    }

    /// <summary>What the engine's connections carried since the last look. Those that stay in the device lead to an update process, which counts for itself.</summary>
    private void CountEngine(KeptAgentAccount last)
    {
        var engine = _network.EngineConnections();
        var (received, sent) = (0L, 0L);
        foreach (var connection in engine.Where(c => c.LeavesDevice))
        {
            var before = last.BootId == _power.BootId ? last.Engine.FirstOrDefault(c => c.Id == connection.Id) : null;
            received += connection.Received - (before?.Received ?? 0);
            sent += connection.Sent - (before?.Sent ?? 0);
        }
        _now = last with { Engine = engine };
        Add(new CauseBytes(ApplicationCause, received, sent));
    }

    /// <summary>What is kept; null: nothing that can be read.</summary>
    internal static KeptAgentAccount? Load(IFiles files)
    {
        try
        {
            return files.Exists(Places.AgentAccount) ? JsonSerializer.Deserialize(files.Read(Places.AgentAccount), StateJson.Default.KeptAgentAccount) : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }

    /// <summary>What it has so far for an attempt, kept or not; null: it counts for another one.</summary>
    internal KeptAgentAccount? Of(string attempt) => IsOf(attempt) ? _now : null;

    private static long Needed(KeptAgentAccount? account) => account?.Bytes.Where(b => b.Cause is ManifestCause or UpdaterCause).Sum(b => b.Received) ?? 0;

    // A full state partition costs the figure, not the update.
    private void Keep()
    {
        if (!_isConfirmed)
            return;
        try
        {
            AtomicFile.Write(_files, Places.AgentAccount, JsonSerializer.SerializeToUtf8Bytes(_now!, StateJson.Default.KeptAgentAccount));
            _keptAt = _clock.Elapsed;
        }
        catch (IOException)
        {
            // The next look tries again.
        }
    }
}

/// <summary>The agent's account as it lies on the state partition.</summary>
/// <param name="Attempt">The attempt.</param>
internal sealed record KeptAgentAccount(string Attempt)
{
    /// <summary>The agent's own bytes, by cause.</summary>
    public IReadOnlyList<CauseBytes> Bytes { get; init => field = value ?? []; } = [];

    /// <summary>Boot in which the interfaces were read last.</summary>
    public string BootId { get; init => field = value ?? ""; } = "";

    /// <summary>Their counters then.</summary>
    public IReadOnlyList<InterfaceBytes> Interfaces { get; init => field = value ?? []; } = [];

    /// <summary>The engine's connections then.</summary>
    public IReadOnlyList<EngineConnection> Engine { get; init => field = value ?? []; } = [];

    /// <summary>Bytes that all interfaces received since the attempt began.</summary>
    public long Received { get; init; }

    /// <summary>Bytes that they sent.</summary>
    public long Sent { get; init; }

    /// <summary>The attempt has ended.</summary>
    public bool Ended { get; init; }
}
