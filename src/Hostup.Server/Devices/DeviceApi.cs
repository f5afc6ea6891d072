using System.Security.Cryptography;
using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Database;
using Hostup.Server.Updates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;

namespace Hostup.Server.Devices;

/// <summary>What a device calls about itself: register, poll, state.</summary>
internal static class DeviceApi
{
    /// <summary>A poll writes when it was seen only this often; a write per poll of a large fleet would be most of the database's work.</summary>
    private static readonly TimeSpan SeenGrain = TimeSpan.FromMinutes(1);

    public static void MapDeviceApi(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/device/v1").WithTags("Device");
        group.MapPost("/register", Register).For(CallerKind.Provisioning).WithSummary("Registers a device; answers its key once");
        group.MapGet("/poll", Poll).For(CallerKind.Device).Produces<PollAnswer>().Produces(StatusCodes.Status304NotModified).WithSummary("What the device is to run; ETag");
        group.MapPut("/state", State).For(CallerKind.Device).WithSummary("What the device runs");
    }

    private static async Task<RegisterAnswer> Register(RegisterRequest request, HostupDb db, TimeProvider time, ILogger<DeviceRow> log, CancellationToken ct)
    {
        if (request.Uuid is not { Length: 32 or 62 } uuid || !uuid.All(char.IsAsciiHexDigitLower))
            throw new HostupException(HostupErrors.BadValue, $"cannot register device '{request.Uuid}'", "a uuid has 32 or 62 lower-case hexadecimal digits", "send the uuid of config.json");
        string type = DeviceType.Parse(request.DeviceType).ToString();
        string key = Key.Create(CallerKind.Device);
        var known = await db.Devices.SingleOrDefaultAsync(d => d.Uuid == uuid, ct);
        // never seen: the answer to its first registration was lost on the way
        if (known is { LastSeenAt: not null })
            throw new HostupException(HostupErrors.Conflict, $"cannot register device {uuid}", "it is registered and uses its key", $"use that key, or let it register again with `hostup device reset-key {uuid[..7]}`");
        var device = known ?? db.Devices.Add(new DeviceRow { Uuid = uuid, Name = "", DeviceType = type, KeyHash = "" }).Entity;
        device.Name = string.IsNullOrWhiteSpace(request.Name) ? uuid[..7] : request.Name[..Math.Min(request.Name.Length, 128)];
        device.DeviceType = type;
        device.KeyHash = Key.Hash(key);
        device.RegisteredAt = time.GetUtcNow();
        await db.SaveChangesAsync(ct);
        log.DeviceRegistered(uuid, type);
        return new RegisterAnswer(uuid, key);
    }

    private static async Task<IResult> Poll(Caller caller, HttpContext context, HostupDb db, Targets targets, ServerOptions options, TimeProvider time, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var grain = now - SeenGrain;
        await db.Devices.Where(d => d.Uuid == caller.Id && (d.LastSeenAt == null || d.LastSeenAt < grain)).ExecuteUpdateAsync(s => s.SetProperty(d => d.LastSeenAt, now), ct);
        var answer = new PollAnswer((int)options.PollInterval.TotalSeconds, await targets.OfAsync(caller.Id, ct));
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(answer, WireJson.Default.PollAnswer);
        string etag = $"\"{Convert.ToHexStringLower(SHA256.HashData(json))[..32]}\"";
        context.Response.Headers[HeaderNames.ETag] = etag;
        context.Response.Headers[HeaderNames.CacheControl] = "no-cache";
        return context.Request.Headers.IfNoneMatch.Any(v => v is not null && v.Split(',').Any(e => e.Trim() == etag))
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Results.Bytes(json, "application/json");
    }

    private static async Task<IResult> State(DeviceStateReport report, Caller caller, HostupDb db, TimeProvider time, CancellationToken ct)
    {
        string json = JsonSerializer.Serialize(report, WireJson.Default.DeviceStateReport);
        var now = time.GetUtcNow();
        await db.Devices.Where(d => d.Uuid == caller.Id).ExecuteUpdateAsync(
            s => s.SetProperty(d => d.State, json).SetProperty(d => d.OsVersion, report.OsVersion).SetProperty(d => d.Platform, report.Platform).SetProperty(d => d.LastSeenAt, now), ct);
        return Results.Ok();
    }
}
