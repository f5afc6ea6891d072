using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Account;
using Hostup.Updates.Trust;

namespace Hostup.Device.Agent;

/// <summary>
/// Fetches what a target names, and believes none of it before a key that this device trusts has signed it. Nothing is kept and no program is
/// named to be run before that.
/// </summary>
internal sealed class TargetIntake(ServerLink server, UpdaterStore updaters, DeviceTrust trust)
{
    /// <summary>Told what the bytes since the last call were spent for; also when what was fetched is not believed.</summary>
    public Action<string> Spent { get; init; } = _ => { };

    /// <summary>Called when a trusted key turns out to have signed the release of a target.</summary>
    public Action Believed { get; init; } = () => { };

    /// <summary>The policy of a target; what is said at the device goes before it.</summary>
    public Func<DeviceTarget, UpdatePolicy> Policy { get; init; } = target => target.Policy;

    /// <summary>Bytes that an attempt has received by now, also in tries before this one.</summary>
    public Func<string, long> Received { get; init; } = _ => 0;

    /// <summary>Takes a target: its release, and the program that is to carry it out. What an earlier try fetched is not fetched again.</summary>
    /// <exception cref="HostupException"><c>signature</c>, <c>trust-list</c>, <c>digest-mismatch</c>, <c>bad-image</c>, <c>space-data</c> and the codes of the link.</exception>
    public async Task<(TargetFile File, string Program)> TakeAsync(DeviceTarget target, CancellationToken ct)
    {
        // What it goes back to lies in the spare slot, and the program that runs goes back to it.
        if (target.Revert)
            return (new TargetFile(target, [], []), ThisProgram.FilePath);
        byte[] envelope = await SpendAsync(AgentAccount.ManifestCause, () => server.FetchEnvelopeAsync(target.ReleaseEnvelope, ct)).ConfigureAwait(false);
        // What the release requires is judged by the program that carries it out, which may know more than this one.
        ReleaseManifest.Read(SignedRelease.VerifySignature(trust, envelope));
        Believed();
        // The updater is the attempt's: rate and budget of its policy hold for it too.
        long spent = Math.Max(envelope.Length, Received(target.AttemptId));
        var (program, bytes) = await SpendAsync(AgentAccount.UpdaterCause, () => updaters.ProvideAsync(target.Updater, Policy(target), spent, ct)).ConfigureAwait(false);
        return (new TargetFile(target, envelope, [new CauseBytes(AgentAccount.ManifestCause, envelope.Length, 0), new CauseBytes(AgentAccount.UpdaterCause, bytes, 0)]), program);
    }

    /// <summary>Bytes that are here of what a target names: more of them is progress, whatever a try ended with.</summary>
    public long ArrivedOf(DeviceTarget target) => LengthOf(target.ReleaseEnvelope) + (target.Updater is { } updater ? LengthOf(updater.Envelope) + updaters.ArrivedOf(updater) : 0);

    /// <summary>Takes newer lists of trusted keys, one after the other.</summary>
    /// <returns>Whether a list was taken.</returns>
    /// <exception cref="HostupException"><c>signature</c>, <c>trust-list</c>, <c>bad-config</c> and the codes of the link; what was taken before it stays.</exception>
    public async Task<bool> TakeTrustAsync(long offered, CancellationToken ct)
    {
        bool taken = false;
        while (trust.Newest().Version is var have && offered > have)
        {
            var lists = await server.ListTrustAsync(have, ct).ConfigureAwait(false);
            foreach (var list in lists)
                trust.Accept(Core.Trust.Envelope.Parse(await server.FetchEnvelopeAsync(list.Envelope, ct).ConfigureAwait(false)));
            if (trust.Newest().Version == have)
                throw new HostupException(HostupErrors.TrustList, "cannot take the newer list of trusted keys", $"the server says it has list {offered} and gives none above {have}", "publish the list again");
            taken = true;
        }
        return taken;
    }

    private long LengthOf(Digest envelope) => server.Envelopes.Find(envelope)?.Length ?? 0;

    private async Task<T> SpendAsync<T>(string cause, Func<Task<T>> fetch)
    {
        try
        {
            return await fetch().ConfigureAwait(false);
        }
        finally
        {
            Spent(cause);
        }
    }
}
