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
        group.MapPost("/key", NextKey).For(CallerKind.Device).WithSummary("The device's next key, when it is asked to change it; the old one is good until the next was used");
        group.MapGet("/poll", Poll).For(CallerKind.Device).Produces<PollAnswer>().Produces(StatusCodes.Status304NotModified).WithSummary("What the device is to run; ETag");
        group.MapPut("/state", State).For(CallerKind.Device).WithSummary("What the device runs");
    }

    private static async Task<RegisterAnswer> Register(RegisterRequest request, Caller caller, HttpContext context, DeviceIdentity identity, CancellationToken ct)
    {
        if (request.Uuid is not { Length: 32 or 62 } uuid || !uuid.All(char.IsAsciiHexDigitLower))
            throw new HostupException(HostupErrors.BadValue, $"cannot register device '{request.Uuid}'", "a uuid has 32 or 62 lower-case hexadecimal digits", "send the uuid of config.json");
        string type = DeviceType.Parse(request.DeviceType).ToString();
        string address = context.Connection.RemoteIpAddress?.ToString() ?? "an unknown address";
        return new RegisterAnswer(uuid, await identity.RegisterAsync(caller.Scope, uuid, type, request.Name, address, ct));
    }

    private static async Task<DeviceKeyAnswer> NextKey(Caller caller, DeviceIdentity identity, CancellationToken ct) => new(await identity.NextKeyAsync(caller.Id, ct));

    private static async Task<IResult> Poll(Caller caller, HttpContext context, HostupDb db, Targets targets, CloneWatch clones, Policies.Policies policies, TimeProvider time, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var grain = now - SeenGrain;
        await db.Devices.Where(d => d.Uuid == caller.Id && (d.LastSeenAt == null || d.LastSeenAt < grain)).ExecuteUpdateAsync(s => s.SetProperty(d => d.LastSeenAt, now), ct);
        // two machines would carry out one attempt, and report on it by turns
        var target = await clones.SeeAsync(caller.Id, context, ct) ? null : await targets.OfAsync(caller.Id, ct);
        var device = await db.Devices.Where(d => d.Uuid == caller.Id).Select(d => new { d.RotateKey, d.Policy }).SingleAsync(ct);
        var interval = await policies.PollIntervalAsync(caller.Scope.Organisation, device.Policy, ct);
        var answer = new PollAnswer((int)interval.TotalSeconds, target)
        {
            TrustVersion = await db.TrustListsOf(caller.Scope).MaxAsync(t => (long?)t.Version, ct) ?? 0,
            RotateKey = device.RotateKey,
        };
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(answer, WireJson.Default.PollAnswer);
        // Devices pay for each byte: short, and nothing that the one before said already.
        // 48 bits: it crosses an expensive link twice with each poll.
        string etag = $"\"{Convert.ToBase64String(SHA256.HashData(json).AsSpan(0, 6))}\"";
        context.Response.Headers[HeaderNames.ETag] = etag;
        return context.Request.Headers.IfNoneMatch.Any(v => v is not null && v.Split(',').Any(e => e.Trim() == etag))
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Uncached(context, json);
    }

    private static IResult Uncached(HttpContext context, byte[] json)
    {
        context.Response.Headers[HeaderNames.CacheControl] = "no-cache";
        return Results.Bytes(json, "application/json");
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
