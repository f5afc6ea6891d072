using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;

namespace Hostup.Device.Agent;

/// <summary>
/// The program that goes on with an open attempt: the very one that began it. When a full data partition made it lie in memory, a reboot takes it away, and it is
/// fetched again.
/// </summary>
internal sealed class AttemptUpdater(IFiles files, ISystemClock clock, UpdaterStore store)
{
    /// <summary>A server that stays away for longer holds the attempt open no more: the built-in program takes it back.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(1);

    private const string FilePath = Places.Hostup + "/updater";
    private TimeSpan? _missingSince;

    /// <summary>Keeps where the updater of a target comes from. Durable when it returns; an attempt whose updater cannot be kept in mind may still be finished without a reboot.</summary>
    public void Remember(UpdaterArtifact? updater)
    {
        try
        {
            if (updater is null)
                AtomicFile.Delete(files, FilePath);
            else
                AtomicFile.Write(files, FilePath, JsonSerializer.SerializeToUtf8Bytes(updater, DeviceJson.Default.UpdaterArtifact));
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            Console.Error.WriteLine($"where the updater comes from is not kept: {e.Message}");
        }
    }

    /// <summary>Path of the program with this digest: one that is here, or one that is fetched and verified as the first time.</summary>
    /// <param name="digest">Digest of the program that began the attempt; null: the built-in one.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>The built-in program when there is no way to the other one: it can take the attempt back.</returns>
    /// <exception cref="HostupException">Its server cannot be reached now, or no place keeps it now; try again.</exception>
    public async Task<string> FindAsync(Digest? digest, CancellationToken ct)
    {
        if (digest is not { } wanted)
            return ThisProgram.FilePath;
        if (store.FindHere(wanted) is { } here)
            return here;
        if (Remembered() is not { } updater || updater.Digest != wanted)
            return ThisProgram.FilePath;
        _missingSince ??= clock.Elapsed;
        try
        {
            return (await store.ProvideAsync(updater, long.MaxValue, ct).ConfigureAwait(false)).Path;
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

    // A medium that takes no write may take one again after somebody looked at it.
    private static bool MayPass(Exception e) => MediumFault.Is(e) || (e is HostupException known && (known.Code.Kind == HostupErrorKind.Transient || known.Code == HostupErrors.Medium));

    private bool IsPatient => clock.Elapsed - _missingSince < Patience;

    private UpdaterArtifact? Remembered()
    {
        try
        {
            return files.Exists(FilePath) ? JsonSerializer.Deserialize(files.Read(FilePath), DeviceJson.Default.UpdaterArtifact) : null;
        }
        catch (Exception e) when (MediumFault.Is(e) || e is JsonException)
        {
            return null;
        }
    }
}
