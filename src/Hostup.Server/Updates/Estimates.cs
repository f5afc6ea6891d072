using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Deltas;
using Hostup.Server.Releases;
using Hostup.Server.Updaters;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>What an attempt will cost its device, from what the device said of itself and what lies here. The plan of the device knows better.</summary>
internal sealed class Estimates(HostupDb db, BlobStore blobs, UpdaterPacks packs)
{
    /// <summary>Causes of bytes, as in the account of an attempt.</summary>
    public const string Manifest = "manifest", Updater = "updater", Delta = "delta", Registry = "registry", Supervisor = "supervisor";

    /// <summary>The bytes by cause; null: it has ended, or it fetches nothing.</summary>
    public async Task<IReadOnlyList<EstimatedBytes>?> OfAsync(AttemptRow attempt, CancellationToken ct)
    {
        if (attempt.EndedAt is not null || await db.Releases.AsNoTracking().SingleOrDefaultAsync(r => r.Id == attempt.ReleaseId, ct) is not { } release)
            return null;
        string? said = await db.Devices.Where(d => d.Uuid == attempt.DeviceUuid).Select(d => d.State).SingleOrDefaultAsync(ct);
        var updater = await db.Updaters.AsNoTracking().SingleOrDefaultAsync(u => u.OrganisationId == attempt.OrganisationId && u.Digest == attempt.UpdaterDigest, ct);
        return await OfAsync(release, updater, said is null ? null : JsonSerializer.Deserialize(said, WireJson.Default.DeviceStateReport), ct);
    }

    /// <summary>The bytes by cause of an update that could be started.</summary>
    /// <param name="release">What it leads to.</param>
    /// <param name="updater">The program that goes along; null: none.</param>
    /// <param name="state">What the device said of itself; null: nothing yet.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<IReadOnlyList<EstimatedBytes>> OfAsync(ReleaseRow release, UpdaterRow? updater, DeviceStateReport? state, CancellationToken ct)
    {
        EstimatedBytes?[] all = [new(Manifest, blobs.SizeOf(Digest.Parse(release.EnvelopeDigest))), OfUpdater(updater, state), await ImageAsync(release, state, ct), await SupervisorAsync(release, state, ct)];
        return [.. all.OfType<EstimatedBytes>()];
    }

    /// <summary>The program packed, or as it is: from which it could be made the server is not told.</summary>
    private EstimatedBytes? OfUpdater(UpdaterRow? updater, DeviceStateReport? state) => updater is null || updater.Version == state?.AgentVersion
        ? null
        : new EstimatedBytes(Updater, packs.Of(Digest.Parse(updater.Digest))?.FirstOrDefault(p => p.From is null)?.Bytes ?? updater.Size);

    /// <summary>The delta that is ready from the tree that the device says it runs, or the whole image.</summary>
    private async Task<EstimatedBytes> ImageAsync(ReleaseRow release, DeviceStateReport? state, CancellationToken ct)
    {
        string? tree = state?.Slots.FirstOrDefault(s => s.Slot == state.RunningSlot)?.TreeDigest?.ToString();
        var delta = tree is null ? null : await db.Deltas.AsNoTracking().SingleOrDefaultAsync(d => d.FromTree == tree && d.ToReleaseId == release.Id && d.State == DeltaStates.Ready, ct);
        return delta is null ? new EstimatedBytes(Registry, release.DownloadBytes) : new EstimatedBytes(Delta, delta.Bytes);
    }

    private async Task<EstimatedBytes?> SupervisorAsync(ReleaseRow release, DeviceStateReport? state, CancellationToken ct)
    {
        try
        {
            return (await StoredTree.ReleaseAsync(blobs, Digest.Parse(release.EnvelopeDigest), ct)).Supervisor is { Image: not null } wanted && !IsThere(wanted, state)
                ? new EstimatedBytes(Supervisor, wanted.DownloadBytes)
                : null;
        }
        catch (HostupException)
        {
            return null; // of a manifest that cannot be read devices say what is wrong with it
        }
    }

    private static bool IsThere(ReleaseSupervisor wanted, DeviceStateReport? state) => state?.SupervisorVersion.TrimStart('v') == wanted.Version.TrimStart('v');
}
