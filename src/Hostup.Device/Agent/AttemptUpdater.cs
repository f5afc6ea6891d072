using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Account;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Policies;
using Hostup.Updates.Run;

namespace Hostup.Device.Agent;

/// <summary>
/// The program that goes on with an open attempt: the very one that began it. When a full data partition made it lie in memory, a reboot takes it away, and it is
/// fetched again.
/// </summary>
internal sealed class AttemptUpdater(DevicePorts device, UpdaterStore store, AttemptMeter meter)
{
    /// <summary>A server that stays away, or a policy that lets nothing be fetched, for longer holds the attempt open no more: the built-in program takes it back.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(1);

    private const string FilePath = Places.Hostup + "/updater";
    private TimeSpan? _missingSince;

    /// <summary>Keeps where the updater of a target comes from. Durable when it returns; an attempt whose updater cannot be kept in mind may still be finished without a reboot.</summary>
    public void Remember(UpdaterArtifact? updater)
    {
        try
        {
            if (updater is null)
                AtomicFile.Delete(device.Files, FilePath);
            else
                AtomicFile.Write(device.Files, FilePath, JsonSerializer.SerializeToUtf8Bytes(updater, DeviceJson.Default.UpdaterArtifact));
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            Console.Error.WriteLine($"where the updater comes from is not kept: {e.Message}");
        }
    }

    /// <summary>The policy of the open attempt, as the server has it now: it may let the updater come that it kept away.</summary>
    /// <exception cref="HostupException"><c>medium</c>.</exception>
    public static void Hear(DeviceTarget target, IReadOnlyList<JournalRecord> open)
    {
        if (open is [{ AttemptId: { } attempt }, ..] and [.., { Verb: not JournalVerb.Ended }] && attempt == target.AttemptId)
            PolicyFile.Tell(target);
    }

    /// <summary>Path of the program that began an attempt: one that is here, or one that is fetched and verified as the first time, on the same terms.</summary>
    /// <param name="open">The journal of the open attempt.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>The built-in program when there is no way to the other one: it can take the attempt back.</returns>
    /// <exception cref="HostupException">Its server cannot be reached now, the policy lets nothing be fetched now, or no place keeps it now; try again.</exception>
    public async Task<string> FindAsync(IReadOnlyList<JournalRecord> open, CancellationToken ct)
    {
        if (open[0].Updater is not { } wanted)
            return ThisProgram.FilePath;
        if (store.FindHere(wanted) is { } here)
            return here;
        if (Remembered() is not { } updater || updater.Digest != wanted)
            return ThisProgram.FilePath;
        _missingSince ??= device.Clock.Elapsed;
        try
        {
            return await FetchAsync(open, updater, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (IsPatient && MayPass(e))
        {
            throw MediumFault.Wrap("cannot keep the updater", e);
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            await Console.Error.WriteLineAsync($"the updater that began the attempt cannot be had: {e.Message}").ConfigureAwait(false);
            return ThisProgram.FilePath;
        }
    }

    /// <summary>The bytes are the attempt's: its policy holds for them, its budget has to have room for them, and its account has them under their cause.</summary>
    private async Task<string> FetchAsync(IReadOnlyList<JournalRecord> open, UpdaterArtifact updater, CancellationToken ct)
    {
        string attempt = open[0].AttemptId!;
        var plan = new AttemptFiles(device.Files).TryLoad(open)?.Plan;
        var policy = OwnPolicy.Load(device.Files).Over(PolicyFile.Load(attempt) ?? plan?.Policy ?? new UpdatePolicy());
        if (await new PolicyHold(device, () => policy).FetchAsync(ct).ConfigureAwait(false) is { } why)
            throw new HostupException(HostupErrors.Held, "cannot get the updater now", why, "it is fetched when the policy allows it");
        meter.Look(attempt, ended: false);
        try
        {
            return (await store.ProvideAsync(updater, policy, AttemptBytes.Received(device.Files, attempt, plan), ct).ConfigureAwait(false)).Path;
        }
        finally
        {
            meter.Spend(AgentAccount.UpdaterCause);
            meter.Account.KeepNow(); // the update process goes by what is kept
        }
    }

    // A medium that takes no write may take one again after somebody looked at it.
    private static bool MayPass(Exception e) => MediumFault.Is(e) || (e is HostupException known && (known.Code.Kind == HostupErrorKind.Transient || known.Code == HostupErrors.Medium));

    private bool IsPatient => device.Clock.Elapsed - _missingSince < Patience;

    private UpdaterArtifact? Remembered()
    {
        try
        {
            return device.Files.Exists(FilePath) ? JsonSerializer.Deserialize(device.Files.Read(FilePath), DeviceJson.Default.UpdaterArtifact) : null;
        }
        catch (Exception e) when (MediumFault.Is(e) || e is JsonException)
        {
            return null;
        }
    }
}
