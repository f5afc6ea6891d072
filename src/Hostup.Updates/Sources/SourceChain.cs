using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Sources;

/// <summary>How one try with one source ended.</summary>
/// <param name="Error">Why it failed; null: the image is on the spare.</param>
/// <param name="Advanced">Whether more of the image is durable on the spare than before it.</param>
/// <param name="Arrived">Whether so much arrived that the next try has less to fetch, though nothing more is durable yet.</param>
public sealed record SourceTry(HostupException? Error, bool Advanced, bool Arrived);

/// <summary>
/// The one place where fetching is tried again. Sources in order; the same one again after a growing pause while its fault may pass; then
/// its host is left alone for longer and the next source is tried; a source that is worth it is waited for before. Ends when nothing advanced for as long as the policy says: not before
/// every source had a last try then, but for a host that asked to be left alone for longer.
/// </summary>
/// <typeparam name="TSource">What a source is asked for.</typeparam>
/// <param name="terms">On what terms is fetched.</param>
/// <param name="sources">In order of preference.</param>
public sealed class SourceChain<TSource>(IFetchTerms terms, IReadOnlyList<TSource> sources)
    where TSource : IRemoteSource
{
    /// <summary>Tries of one source without progress before the next one has its turn.</summary>
    private const int MostTries = 4;

    /// <summary>Rounds in which no fault was one that passes by itself: a registry that is being filled may still come.</summary>
    private const int MostHopelessRounds = 3;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);
    /// <summary>A pause up to this long is waited for; for a longer one the next source has its turn.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(15);
    /// <summary>How soon a cancelled attempt is noticed.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Host> _hosts = [];
    private readonly Dictionary<string, HostupException> _reasons = [];
    private readonly HashSet<TSource> _wrong = [];
    private TimeSpan _advancedAt = terms.Clock.Elapsed;
    private readonly SpreadPauses _spread = new(terms.Seed);
    private bool _mayPass;
    private readonly Dictionary<string, TimeSpan> _awaitedUntil = [];
    private bool _othersHaveAllPatience;

    /// <summary>Tries until one source has brought what is wanted. Called again for the next part of the same thing: how its hosts did is remembered.</summary>
    /// <param name="tryAsync">One try; throws only what no source can help with.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>The source.</returns>
    /// <exception cref="HostupException">The only source's error, or <c>all-sources</c> with every reason.</exception>
    public async ValueTask<TSource> RunAsync(Func<TSource, CancellationToken, ValueTask<SourceTry>> tryAsync, CancellationToken ct)
    {
        // Why a host rests is still a reason; what another one said of the part before is none.
        foreach (var source in sources.Where(s => !Rests(s)))
            _reasons.Remove(source.Name);
        _wrong.Clear();
        _advancedAt = Now;
        await HonourPolicyAsync(ct).ConfigureAwait(false);
        for (int hopeless = 0; hopeless < MostHopelessRounds;)
        {
            _mayPass = Left.All(Rests);
            foreach (var source in Left)
            {
                if (await BringsAsync(source, tryAsync, ct).ConfigureAwait(false))
                    return source;
            }
            if (Left.All(IsOut) || PatienceEnded)
                break;
            hopeless = _mayPass ? 0 : hopeless + 1;
            if (hopeless < MostHopelessRounds)
                await PauseAsync(Left.Select(s => HostOf(s).NotBefore).Min() - Now, "every source", AttemptStates.Waiting, ct).ConfigureAwait(false);
            if (PatienceEnded)
                LiftRests();
        }
        throw Failed();
    }

    /// <summary>Who gave nothing wrong yet: it would give the same again, for as long as another one may come.</summary>
    private IEnumerable<TSource> Left => sources.Where(s => !_wrong.Contains(s));

    /// <summary>Whether nothing is to be hoped for: it has no way that costs less.</summary>
    private bool IsOut(TSource source) => source.IsWorthAWait && _reasons.TryGetValue(source.Name, out var reason) && SourceFaults.Of(reason) == SourceFault.Server;

    private bool Rests(TSource source) => HostOf(source).NotBefore > Now;

    private TimeSpan Now => terms.Clock.Elapsed;

    private bool PatienceEnded => Now - _advancedAt >= terms.Patience;

    /// <summary>The last round: only who asked for it is left alone.</summary>
    private void LiftRests()
    {
        foreach (var host in _hosts.Values)
            host.NotBefore = host.Asked;
    }

    private async ValueTask<bool> BringsAsync(TSource source, Func<TSource, CancellationToken, ValueTask<SourceTry>> tryAsync, CancellationToken ct)
    {
        var host = HostOf(source);
        for (int tries = 1; host.NotBefore <= Now; tries++)
        {
            terms.HonourCancel();
            var (error, advanced, arrived) = await tryAsync(source, ct).ConfigureAwait(false);
            terms.Keep();
            if (error is null)
                return true;
            if (SourceFaults.Of(error) == SourceFault.Held)
            {
                await HonourPolicyAsync(ct).ConfigureAwait(false);
                tries = 0;
                continue;
            }
            _reasons[source.Name] = error;
            terms.Tell(terms.State, $"source {source.Name}: {error.Message}");
            var fault = SourceFaults.Of(error);
            if (fault == SourceFault.Content)
            {
                _wrong.Add(source);
                EndWait(source);
                return false;
            }
            if (advanced)
                _advancedAt = Now;
            var wait = WaitOf(source, advanced || arrived);
            if (advanced || arrived)
                (tries, host.Rests) = (1, 0);
            bool passes = fault is SourceFault.Link or SourceFault.Busy;
            _mayPass |= passes;
            var next = _spread.Next(FirstPause * Math.Pow(2, Math.Min(tries - 1, 10)));
            if (passes && !PatienceEnded && wait > TimeSpan.Zero && !(error.RetryAfter > wait))
            {
                await PauseAsync(Shorter(Longer(Shorter(next, LongestPause), error.RetryAfter), wait), source.Name, StateOf(source, fault), ct).ConfigureAwait(false);
                continue;
            }
            var pause = Longer(next, error.RetryAfter);
            if (!passes || tries >= MostTries || pause > LongestPause || PatienceEnded || source.IsWorthAWait)
            {
                EndWait(source);
                host.Asked = Now + (error.RetryAfter ?? TimeSpan.Zero);
                host.NotBefore = Now + Longer(_spread.Next(Shorter(LongestPause * Math.Pow(2, Math.Min(host.Rests++, 10)), LongestRest)), error.RetryAfter);
                return false;
            }
            await PauseAsync(pause, source.Name, StateOf(source, fault), ct).ConfigureAwait(false);
        }
        return false;
    }

    /// <summary>For how much longer it is waited for; counted from its first try, and anew when it brings something: over a slow link a frame takes longer than the wait.</summary>
    private TimeSpan WaitOf(TSource source, bool brought)
    {
        if (!source.IsWorthAWait)
            return TimeSpan.Zero;
        if (brought || !_awaitedUntil.TryGetValue(source.Name, out var until))
            _awaitedUntil[source.Name] = until = Now + terms.Wait;
        return until - Now;
    }

    /// <summary>What was waited for a source is not taken from those behind it; once, or nothing would end.</summary>
    private void EndWait(TSource source)
    {
        if (!source.IsWorthAWait || _othersHaveAllPatience)
            return;
        _othersHaveAllPatience = true;
        _advancedAt = Now;
    }

    // A server that cannot serve a delta now is still making it.
    private static string StateOf(TSource source, SourceFault fault) => source.IsWorthAWait && fault == SourceFault.Busy ? AttemptStates.PreparingDelta : AttemptStates.Waiting;

    /// <summary>Pauses, at most until the policy's patience ends; a policy that changes meanwhile counts.</summary>
    private async ValueTask PauseAsync(TimeSpan pause, string what, string state, CancellationToken ct)
    {
        var end = Now + Shorter(Longer(pause, TimeSpan.Zero), _advancedAt + terms.Patience - Now);
        string note = $"tries {what} again in {Math.Ceiling((end - Now).TotalSeconds)} s: {string.Join("; ", _reasons.Values.Select(r => r.Why))}";
        while (Now < end && !PatienceEnded)
        {
            // Each time anew: who says nothing for long is held to be stuck, and Retry-After may be hours.
            terms.Tell(state, note);
            terms.HonourCancel();
            await terms.Clock.DelayAsync(Shorter(end - Now, Slice), ct).ConfigureAwait(false);
        }
        await HonourPolicyAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Waits while the policy lets nothing be fetched; patience is for links and servers.</summary>
    private async ValueTask HonourPolicyAsync(CancellationToken ct)
    {
        if (!await terms.WaitAsync(ct).ConfigureAwait(false))
            return;
        _advancedAt = Now;
        _awaitedUntil.Clear();
    }

    private HostupException Failed() => _reasons.Values.ToList() is [var only] ? only : new HostupException(
        HostupErrors.AllSources, $"cannot get {terms.What}", string.Join("; ", _reasons.Values.Select(e => e.Message)), "make the server or a fallback registry reachable, then start the update again");

    private Host HostOf(TSource source)
    {
        if (!_hosts.TryGetValue(source.Host, out var host))
            _hosts[source.Host] = host = new Host();
        return host;
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan? b) => b > a ? b.Value : a;

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>A host that failed too often, or asked for it, is left alone until a time; sources on one host share it.</summary>
    private sealed class Host
    {
        public TimeSpan NotBefore { get; set; }

        /// <summary>Until when it asked for it.</summary>
        public TimeSpan Asked { get; set; }

        public int Rests { get; set; }
    }
}
