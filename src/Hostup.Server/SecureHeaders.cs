using Hostup.Server.Users;

namespace Hostup.Server;

/// <summary>
/// Headers that keep browsers from doing more with an answer than it is for, on every answer, errors too. What devices and registry clients ask gets none: no browser does, credentials are never a
/// cookie there, and devices pay for each byte.
/// </summary>
internal sealed class SecureHeaders(RequestDelegate next)
{
    private const string Year = "max-age=31536000";

    public Task InvokeAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/device", StringComparison.Ordinal) && !context.Request.Path.StartsWithSegments("/v2", StringComparison.Ordinal))
            Add(context.Request, context.Response.Headers);
        return next(context);
    }

    private static void Add(HttpRequest request, IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if (request.Path.StartsWithSegments("/api", StringComparison.Ordinal) || request.Path.StartsWithSegments(Invitations.Path, StringComparison.Ordinal))
            headers.CacheControl = "no-cache, no-store";
        if (request.IsHttps)
            headers.StrictTransportSecurity = Year;
    }
}
