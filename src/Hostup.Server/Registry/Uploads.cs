using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Server.Blobs;
using Microsoft.AspNetCore.Http.Features;

namespace Hostup.Server.Registry;

/// <summary>Uploads of blobs: in one request, or begun, sent in parts and finished.</summary>
internal sealed class Uploads(BlobStore blobs, Images images)
{
    /// <summary>Largest blob: 16 GiB, far above any root file system that a slot holds.</summary>
    private const long MaxBytes = 16L << 30;

    public async Task<IResult> StartAsync(HttpContext context, RepositoryId repository)
    {
        var query = context.Request.Query;
        if (Digest.TryParse(query["mount"], out var mounted) && await images.FindAsync(repository with { Name = query["from"].ToString() }, mounted, context.RequestAborted) is not null && blobs.Renew(mounted))
            return await KeepAsync(context, repository, mounted);
        string upload = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        blobs.StartUpload(Stored(repository, upload));
        if (query["digest"].ToString() is { Length: > 0 })
            return await FinishAsync(context, repository, upload);
        return Accepted(context, repository, upload, 0);
    }

    public async Task<IResult> AppendAsync(HttpContext context, RepositoryId repository, string upload)
    {
        AllowLarge(context);
        long size = await blobs.AppendAsync(Stored(repository, upload), context.Request.Body, OffsetOf(context.Request), context.RequestAborted);
        return Accepted(context, repository, upload, size);
    }

    public async Task<IResult> FinishAsync(HttpContext context, RepositoryId repository, string upload)
    {
        AllowLarge(context);
        var digest = Digest.Parse(context.Request.Query["digest"].ToString());
        // zero bytes when the parts held everything
        string stored = Stored(repository, upload);
        await blobs.AppendAsync(stored, context.Request.Body, OffsetOf(context.Request), context.RequestAborted);
        await blobs.FinishAsync(stored, digest, context.RequestAborted);
        return await KeepAsync(context, repository, digest);
    }

    public IResult Show(HttpContext context, RepositoryId repository, string upload)
    {
        long size = blobs.UploadSize(Stored(repository, upload)) ?? throw new HostupException(HostupErrors.NotFound, $"cannot find upload {upload}", "there is none of that id", "begin a new upload");
        Describe(context, repository, upload, size);
        return Results.NoContent();
    }

    public IResult Drop(RepositoryId repository, string upload)
    {
        blobs.DropUpload(Stored(repository, upload));
        return Results.NoContent();
    }

    /// <summary>Name of an upload in the store: the id that one organisation was told leads nowhere in another one.</summary>
    private static string Stored(RepositoryId repository, string upload) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{repository.Organisation}/{upload}")).AsSpan(0, 16));

    private async Task<IResult> KeepAsync(HttpContext context, RepositoryId repository, Digest digest)
    {
        await images.AddAsync(repository, digest, null, context.RequestAborted);
        context.Response.Headers["Docker-Content-Digest"] = digest.ToString();
        return Results.Created($"/v2/{repository}/blobs/{digest}", null);
    }

    private static IResult Accepted(HttpContext context, RepositoryId repository, string upload, long size)
    {
        Describe(context, repository, upload, size);
        return Results.StatusCode(StatusCodes.Status202Accepted);
    }

    private static void Describe(HttpContext context, RepositoryId repository, string upload, long size)
    {
        context.Response.Headers.Location = $"/v2/{repository}/blobs/uploads/{upload}";
        context.Response.Headers.Range = string.Create(CultureInfo.InvariantCulture, $"0-{Math.Max(size - 1, 0)}");
        context.Response.Headers["Docker-Upload-UUID"] = upload;
    }

    private static long? OffsetOf(HttpRequest request)
    {
        string range = request.Headers.ContentRange.ToString();
        int dash = range.IndexOf('-', StringComparison.Ordinal);
        if (dash <= 0)
            return null;
        string start = range[..dash].Replace("bytes", "", StringComparison.OrdinalIgnoreCase).Trim();
        return long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out long offset) ? offset : null;
    }

    private static void AllowLarge(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxBytes;
    }
}
