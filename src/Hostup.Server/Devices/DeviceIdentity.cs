using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Database;
using Hostup.Server.Updates;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Devices;

/// <summary>Keys of devices: given, replaced, taken away. What happens is in the device's events; its history of updates stays.</summary>
internal sealed class DeviceIdentity(HostupDb db, TimeProvider time, ILogger<DeviceIdentity> log)
{
    private const string MachineGone = "the device was flashed again or retired";

    /// <summary>Gives a device its key. One that is known is taken to have been flashed again: its old key is worthless from now on.</summary>
    /// <exception cref="HostupException"><c>conflict</c> when it was retired, or the uuid is not one for this key.</exception>
    public async Task<string> RegisterAsync(Scope scope, string uuid, string deviceType, string? name, string address, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        string key = Key.Create(CallerKind.Device);
        var device = await db.Devices.SingleOrDefaultAsync(d => d.Uuid == uuid, ct);
        if (device is not null && (device.OrganisationId != scope.Organisation || (scope.Fleet is not null && device.FleetId != scope.Fleet)))
            throw new HostupException(HostupErrors.Conflict, $"cannot register device {uuid}", "its uuid cannot be used with this key", "give it a uuid of its own, or use a key of its organisation and fleet");
        if (device is { RetiredAt: not null })
            throw new HostupException(HostupErrors.Conflict, $"cannot register device {uuid}", "it was retired", $"let it in again with `hostup device reset-key {uuid[..7]}`, or give it another uuid");
        // never seen: the answer to its first registration was lost on the way
        bool again = device is { LastSeenAt: not null };
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        device ??= db.Devices.Add(new DeviceRow { Uuid = uuid, OrganisationId = scope.Organisation, FleetId = scope.Fleet, Name = "", DeviceType = deviceType, KeyHash = "" }).Entity;
        if (device.Name.Length == 0 || !string.IsNullOrWhiteSpace(name))
            device.Name = string.IsNullOrWhiteSpace(name) ? uuid[..7] : name[..Math.Min(name.Length, 128)];
        (device.DeviceType, device.KeyHash, device.NextKeyHash, device.RotateKey) = (deviceType, Key.Hash(key), null, false);
        (device.RegisteredAt, device.ClonedAt, device.CurrentBoot) = (now, null, null);
        await db.SaveChangesAsync(ct);
        await ForgetMachineAsync(uuid, now, ct);
        db.AddDeviceEvent(uuid, now, again ? DeviceEvents.RegisteredAgain : DeviceEvents.Registered, again ? $"registered again from {address}; its old key is worthless" : $"registered from {address}");
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        log.DeviceRegistered(uuid, deviceType);
        return key;
    }

    /// <summary>Gives a device its next key. The present one is good until the next one was used.</summary>
    public async Task<string> NextKeyAsync(string uuid, CancellationToken ct)
    {
        string key = Key.Create(CallerKind.Device);
        string hash = Key.Hash(key);
        if (await db.Devices.Where(d => d.Uuid == uuid && d.RotateKey).ExecuteUpdateAsync(s => s.SetProperty(d => d.NextKeyHash, hash), ct) == 0)
            throw new HostupException(HostupErrors.Conflict, $"cannot give device {uuid} another key", "nobody asked for one", "ask with `hostup device rotate-key`");
        return key;
    }

    /// <summary>Asks the device to change its key at its next poll.</summary>
    public async Task RotateAsync(DeviceRow device, CancellationToken ct)
    {
        if (device.RetiredAt is not null)
            throw new HostupException(HostupErrors.Conflict, $"cannot change the key of device {device.Name}", "it was retired", "let it in again with `hostup device reset-key`");
        await db.Devices.Where(d => d.Uuid == device.Uuid).ExecuteUpdateAsync(s => s.SetProperty(d => d.RotateKey, true), ct);
        await TellAsync(device.Uuid, DeviceEvents.KeyRotationAsked, "asked to change its key at its next poll", ct);
    }

    /// <summary>Makes the device's key worthless; it may register again.</summary>
    public async Task ResetAsync(DeviceRow device, CancellationToken ct)
    {
        await RevokeAsync(device.Uuid, null, ct);
        await TellAsync(device.Uuid, DeviceEvents.KeyReset, "its key is worthless; it may register again", ct);
    }

    /// <summary>Makes the device's key worthless for good; it may not register again. Its history stays.</summary>
    public async Task RetireAsync(DeviceRow device, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await RevokeAsync(device.Uuid, now, ct);
        await ForgetMachineAsync(device.Uuid, now, ct);
        await TellAsync(device.Uuid, DeviceEvents.Retired, "retired; its key is worthless", ct);
    }

    private Task RevokeAsync(string uuid, DateTimeOffset? retiredAt, CancellationToken ct)
    {
        string worthless = Key.Hash(Key.Create(CallerKind.Device));
        return db.Devices.Where(d => d.Uuid == uuid).ExecuteUpdateAsync(
            s => s.SetProperty(d => d.KeyHash, worthless).SetProperty(d => d.NextKeyHash, (string?)null).SetProperty(d => d.RotateKey, false)
                .SetProperty(d => d.LastSeenAt, d => retiredAt == null ? null : d.LastSeenAt).SetProperty(d => d.RetiredAt, retiredAt), ct);
    }

    /// <summary>Another machine, or an empty one, has the identity now: what the old one worked on has no end of its own any more.</summary>
    private async Task ForgetMachineAsync(string uuid, DateTimeOffset now, CancellationToken ct)
    {
        await db.DeviceBoots.Where(b => b.DeviceUuid == uuid).ExecuteDeleteAsync(ct);
        foreach (var attempt in await db.Attempts.AsNoTracking().Where(a => a.DeviceUuid == uuid && a.EndedAt == null).ToListAsync(ct))
        {
            string report = JsonSerializer.Serialize(attempt.ReadReport() with { State = AttemptStates.Cancelled, ErrorCode = null, Message = MachineGone }, WireJson.Default.AttemptReport);
            await db.Attempts.Where(a => a.Id == attempt.Id && a.EndedAt == null).ExecuteUpdateAsync(
                s => s.SetProperty(a => a.State, AttemptStates.Cancelled).SetProperty(a => a.Report, report).SetProperty(a => a.EndedAt, now).SetProperty(a => a.ChangedAt, now).SetProperty(a => a.Serial, a => a.Serial + 1), ct);
            db.AttemptEvents.Add(new AttemptEventRow { AttemptId = attempt.Id, At = now, State = AttemptStates.Cancelled, Message = MachineGone });
        }
        await db.Devices.Where(d => d.Uuid == uuid).ExecuteUpdateAsync(s => s.SetProperty(d => d.TargetAttemptId, (string?)null), ct);
        await db.SaveChangesAsync(ct);
    }

    private async Task TellAsync(string uuid, string kind, string message, CancellationToken ct)
    {
        db.AddDeviceEvent(uuid, time.GetUtcNow(), kind, message);
        await db.SaveChangesAsync(ct);
        log.DeviceIdentityChanged(uuid, message);
    }
}
