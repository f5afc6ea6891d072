using Hostup.Core.Errors;
using Hostup.Server.Access;

namespace Hostup.Server.Registry;

/// <summary>The /v2/ endpoints of the OCI distribution specification. Names hold slashes, so the path is taken apart here.</summary>
internal static class RegistryEndpoints
{
    public static void MapRegistry(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v2").For(CallerKind.Registry).ExcludeFromDescription();
        group.MapGet("/token", TokenEndpoint.Get);
        group.MapMethods("/", ["GET", "HEAD"], Base);
        group.MapMethods("/{**path}", ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"], Dispatch);
    }

    private static async Task<IResult> Base(HttpContext context, RegistryAccess access)
    {
        await access.CheckBaseAsync(context);
        context.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        return Results.Json(new object());
    }

    private static async Task<IResult> Dispatch(string path, HttpContext context, RegistryAccess access, Manifests manifests, RepositoryBlobs blobs, Uploads uploads)
    {
        string[] parts = path.Split('/');
        string method = context.Request.Method;
        bool reads = method is "GET" or "HEAD";
        if (Ends(parts, "tags", "list") && reads)
            return await manifests.ListTagsAsync(await NameAsync(parts[..^2], RegistryAccess.Pull));
        if (parts is [.., "blobs", "uploads", var upload])
        {
            var repository = await NameAsync(parts[..^3], RegistryAccess.Push);
            return (method, upload) switch
            {
                ("POST", "") => await uploads.StartAsync(context, repository),
                ("PATCH", _) => await uploads.AppendAsync(context, repository, upload),
                ("PUT", _) => await uploads.FinishAsync(context, repository, upload),
                ("GET", _) => uploads.Show(context, repository, upload),
                ("DELETE", _) => uploads.Drop(repository, upload),
                _ => throw Unknown(path),
            };
        }
        return (method, parts) switch
        {
            (_, [.., "manifests", var reference]) when reads => await manifests.GetAsync(context, await NameAsync(parts[..^2], RegistryAccess.Pull), reference),
            ("PUT", [.., "manifests", var reference]) => await manifests.PutAsync(context, await NameAsync(parts[..^2], RegistryAccess.Push), reference),
            (_, [.., "blobs", var digest]) when reads => await blobs.GetAsync(context, await NameAsync(parts[..^2], RegistryAccess.Pull), digest),
            ("POST", [.., "blobs", "uploads"]) => await uploads.StartAsync(context, await NameAsync(parts[..^2], RegistryAccess.Push)),
            _ => throw Unknown(path),
        };

        Task<RepositoryId> NameAsync(string[] segments, string action) => access.CheckAsync(context, RepositoryName.Check(string.Join('/', segments)), action);
    }

    private static bool Ends(string[] parts, string first, string second) => parts.Length > 2 && parts[^2] == first && parts[^1] == second;

    private static HostupException Unknown(string path) =>
        new(HostupErrors.NotFound, $"cannot find /v2/{path}", "the registry has no such address or not for this method", "see docs/api.md");
}
