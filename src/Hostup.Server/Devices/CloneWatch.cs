using Hostup.Core.Wire;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Devices;

/// <summary>
/// Tells two machines with one key from one machine that reboots: a boot that has ended never speaks again, so boots that take turns are
/// alive at the same time.
/// </summary>
internal sealed class CloneWatch(HostupDb db, TimeProvider time, ILogger<CloneWatch> log)
{
    // One request that was held up on its way makes an old boot return once and the present one once.
    private const int ReturnsOfClones = 3;
    private const int BootsKept = 16;
    private const int MaxTextLength = 128;
    private static readonly TimeSpan SeenGrain = TimeSpan.FromMinutes(1);

    /// <summary>A machine has polled.</summary>
    /// <returns>Whether the device is known to be cloned.</returns>
    public async Task<bool> SeeAsync(string uuid, HttpContext context, CancellationToken ct)
    {
        string boot = Text(context.Request.Headers[DeviceHeaders.Boot]);
        var device = await db.Devices.AsNoTracking().Where(d => d.Uuid == uuid).Select(d => new { d.CurrentBoot, d.ClonedAt }).SingleAsync(ct);
        if (boot.Length == 0)
            return device.ClonedAt is not null;
        string machine = Text(context.Request.Headers[DeviceHeaders.Machine]);
        string address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        var row = await db.DeviceBoots.SingleOrDefaultAsync(b => b.DeviceUuid == uuid && b.BootId == boot, ct);
        var now = time.GetUtcNow();
        if (row is not null && boot == device.CurrentBoot && row.Address == address && now - row.LastSeenAt < SeenGrain)
            return device.ClonedAt is not null;
        if (row is null)
            db.DeviceBoots.Add(row = new DeviceBootRow { DeviceUuid = uuid, BootId = boot, Machine = machine, Address = address, FirstSeenAt = now });
        else if (boot != device.CurrentBoot)
            row.Returns++;
        (row.Machine, row.Address, row.LastSeenAt) = (machine.Length > 0 ? machine : row.Machine, address, now);
        await db.SaveChangesAsync(ct);
        await db.Devices.Where(d => d.Uuid == uuid).ExecuteUpdateAsync(s => s.SetProperty(d => d.CurrentBoot, boot), ct);
        return device.ClonedAt is not null || await JudgeAsync(uuid, now, ct);
    }

    /// <summary>The machines that take turns with one key; empty when they do not.</summary>
    public static async Task<IReadOnlyList<MachineView>> MachinesAsync(HostupDb db, string uuid, CancellationToken ct) =>
        [.. (await db.DeviceBoots.AsNoTracking().Where(b => b.DeviceUuid == uuid && b.Returns > 0).OrderByDescending(b => b.LastSeenAt).ToListAsync(ct))
            .Select(b => new MachineView(b.BootId, b.Machine, b.Address, b.FirstSeenAt, b.LastSeenAt))];

    private async Task<bool> JudgeAsync(string uuid, DateTimeOffset now, CancellationToken ct)
    {
        var boots = await db.DeviceBoots.AsNoTracking().Where(b => b.DeviceUuid == uuid).OrderByDescending(b => b.LastSeenAt).ToListAsync(ct);
        foreach (var old in boots.Skip(BootsKept))
            await db.DeviceBoots.Where(b => b.DeviceUuid == uuid && b.BootId == old.BootId).ExecuteDeleteAsync(ct);
        if (boots.Sum(b => b.Returns) < ReturnsOfClones)
            return false;
        string parties = string.Join(" and ", boots.Where(b => b.Returns > 0).Select(b => $"{(b.Machine.Length == 0 ? "a machine without a serial number" : b.Machine)} at {b.Address}"));
        if (await db.Devices.Where(d => d.Uuid == uuid && d.ClonedAt == null).ExecuteUpdateAsync(s => s.SetProperty(d => d.ClonedAt, now), ct) > 0)
        {
            db.AddDeviceEvent(uuid, now, DeviceEvents.Cloned, $"two machines use one key: {parties}");
            await db.SaveChangesAsync(ct);
            log.DeviceCloned(uuid, parties);
        }
        return true;
    }

    // from outside: bounded, printable
    private static string Text(string? text) => new([.. (text ?? "").Where(c => c is >= ' ' and <= '~').Take(MaxTextLength)]);
}
