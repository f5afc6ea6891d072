using System.Globalization;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Database;
using Hostup.Server.Releases;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;

namespace Hostup.Server.Deltas;

/// <summary>What a device asks about the delta to its target. Nothing is built while it waits for the answer.</summary>
internal static class DeltaApi
{
    /// <summary>Nothing is known yet of how long it takes: small images take less, large ones some minutes.</summary>
    private const int UsualSeconds = 30;

    private const int ShortestSeconds = 5, LongestSeconds = 120;

    /// <summary>From this part on the time that it took so far says how long the rest takes.</summary>
    private const double Telling = 0.2;

    public static void MapDeltaApi(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/device/v1/deltas/{image}", Ask).WithTags("Device").For(CallerKind.Device)
            .Produces<DeltaOffer>().Produces<DeltaWait>(StatusCodes.Status202Accepted)
            .WithSummary("The delta from a tree that the device has to the image of its target; 202 with Retry-After while it is built");

    private static async Task<IResult> Ask(string image, string from, Caller caller, HttpContext context, HostupDb db, DeltaOffers offers, TimeProvider time, CancellationToken ct)
    {
        var tree = Digest.Parse(from);
        var to = await TargetAsync(db, caller.Id, Digest.Parse(image).ToString(), ct);
        var delta = await offers.OfAsync(tree, to, ct);
        context.Response.Headers[HeaderNames.CacheControl] = "no-store";
        if (delta is { State: DeltaStates.Ready, ArtifactDigest: { } artifact, BlobDigest: { } blob })
            return Results.Json(new DeltaOffer(Digest.Parse(blob), delta.Bytes ?? 0, delta.Frames ?? 0, to.Repository) { Artifact = Digest.Parse(artifact) });
        context.Response.Headers.RetryAfter = SecondsLeft(delta, time.GetUtcNow()).ToString(CultureInfo.InvariantCulture);
        return Results.Json(new DeltaWait(delta.State, delta.Progress), statusCode: StatusCodes.Status202Accepted);
    }

    /// <summary>The release of an image that the device is to run, or is still on its way to.</summary>
    private static async Task<ReleaseRow> TargetAsync(HostupDb db, string uuid, string image, CancellationToken ct) =>
        await (from attempt in db.Attempts
               join release in db.Releases on attempt.ReleaseId equals release.Id
               where attempt.DeviceUuid == uuid && attempt.EndedAt == null && release.ImageDigest == image
               orderby attempt.Id descending
               select release).AsNoTracking().FirstOrDefaultAsync(ct)
        ?? throw new HostupException(HostupErrors.NotFound, $"cannot offer a delta to image {image}", "it is no target of this device", "poll for the current target");

    private static int SecondsLeft(DeltaRow delta, DateTimeOffset now)
    {
        if (delta is not { State: DeltaStates.Building, Progress: > Telling, StartedAt: { } began })
            return UsualSeconds;
        return (int)Math.Clamp(Math.Ceiling((now - began).TotalSeconds * (1 - delta.Progress) / delta.Progress), ShortestSeconds, LongestSeconds);
    }
}
