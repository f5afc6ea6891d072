using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Server.Blobs;

namespace Hostup.Server.Registry;

/// <summary>Blobs of a repository; whole or by range, straight from their files.</summary>
internal sealed class RepositoryBlobs(BlobStore blobs, Images images)
{
    public async Task<IResult> GetAsync(HttpContext context, RepositoryId repository, string digest)
    {
        var name = Digest.Parse(digest);
        if (await images.FindAsync(repository, name, context.RequestAborted) is null || blobs.Find(name) is not { } path)
            throw new HostupException(HostupErrors.NotFound, $"cannot find blob {digest} in {repository}", "the repository does not have it", "push the image first");
        // who pushes asks so, and does not send what is there
        if (HttpMethods.IsHead(context.Request.Method))
            blobs.Renew(name);
        context.Response.Headers["Docker-Content-Digest"] = digest;
        return Results.File(path, "application/octet-stream", enableRangeProcessing: true, entityTag: new($"\"{digest}\""));
    }
}
