using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Account;

/// <summary>
/// Bytes on the wire that one attempt received and sent, by cause, over all its processes and boots. Kept on the state partition with each
/// checkpoint, after each try of a source and after each step; what a process that is killed had not kept yet is not in it.
/// </summary>
public sealed class AttemptAccount
{
    /// <summary>Cause of what was fetched in vain or twice.</summary>
    public const string RetriedCause = "retried";

    /// <summary>Cause of the delta that makes the new root of the running one.</summary>
    public const string DeltaCause = "delta";

    /// <summary>Cause of the supervisor's image.</summary>
    public const string SupervisorCause = "supervisor";

    private const int FileBytes = 8192;
    private const int SlotBytes = 4096;

    private readonly TwoSlots _slots;
    private readonly IFiles _files;
    private readonly string _attempt;
    private IReadOnlyList<CauseBytes> _before;
    private readonly List<IRemoteSource> _sources = [];
    private IReadOnlyList<CauseBytes> _kept;

    /// <summary>Goes on with the account of an attempt, or begins it.</summary>
    public AttemptAccount(IFiles files, string attempt)
    {
        (_files, _attempt, _slots) = (files, attempt, Slots(files));
        _kept = _before = Of(files, attempt) ?? [];
    }

    /// <summary>All bytes so far, one entry a cause.</summary>
    public IReadOnlyList<CauseBytes> Bytes => Sum([.. _before, .. _sources.Select(s => s.Bytes), .. _sources.Select(s => s.Retried)]);

    /// <summary>Bytes received so far, whatever for.</summary>
    public long Received => Bytes.Sum(b => b.Received);

    /// <summary>What an attempt has; null when nothing is kept of it.</summary>
    public static IReadOnlyList<CauseBytes>? Of(IFiles files, string attempt)
    {
        try
        {
            return Slots(files).Read() is { } json && JsonSerializer.Deserialize(json, StateJson.Default.KeptAccount) is { } kept && kept.Attempt == attempt ? kept.Bytes : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }

    /// <summary>Adds the bytes of several lists up, one entry a cause, in the order of their first.</summary>
    public static IReadOnlyList<CauseBytes> Sum(IEnumerable<CauseBytes> bytes) =>
        [.. bytes.GroupBy(b => b.Cause).Select(g => new CauseBytes(g.Key, g.Sum(b => b.Received), g.Sum(b => b.Sent))).Where(b => b.Received != 0 || b.Sent != 0)];

    /// <summary>From now on what these sources count is in it.</summary>
    public void Count(IEnumerable<IRemoteSource> sources) => _sources.AddRange(sources);

    /// <summary>What these sources brought of the image is thrown away, in this process and in those before it.</summary>
    public void Discard(IReadOnlyList<IHostAppSource> sources)
    {
        foreach (var source in sources)
            source.Discard();
        _before = Sum(_before.Select(b => sources.Any(s => s.Name == b.Cause) ? b with { Cause = RetriedCause } : b));
    }

    /// <summary>What came since, by cause.</summary>
    /// <param name="mark">What <see cref="Bytes"/> was.</param>
    public IReadOnlyList<CauseBytes> Since(IReadOnlyList<CauseBytes> mark) => Sum(Bytes.Concat(mark.Select(b => new CauseBytes(b.Cause, -b.Received, -b.Sent))));

    /// <summary>Keeps it; nothing happens when nothing came. Durable when it returns; a state partition that cannot be written ends no update for it.</summary>
    public void Save()
    {
        var now = Bytes;
        if (now.SequenceEqual(_kept))
            return;
        try
        {
            if (_files.Length(Places.Account) != FileBytes)
                AtomicFile.Write(_files, Places.Account, new byte[FileBytes]);
            _slots.Write(JsonSerializer.SerializeToUtf8Bytes(new KeptAccount(_attempt, now), StateJson.Default.KeptAccount));
            _kept = now;
        }
        catch (IOException)
        {
            // The next one may go through; the bytes are counted on.
        }
    }

    private static TwoSlots Slots(IFiles files) => new(files, Places.Account, FileBytes, offset: 0, SlotBytes);
}

/// <summary>An account as it lies on the state partition.</summary>
/// <param name="Attempt">The attempt.</param>
/// <param name="Bytes">By cause.</param>
internal sealed record KeptAccount(string Attempt, IReadOnlyList<CauseBytes> Bytes);
