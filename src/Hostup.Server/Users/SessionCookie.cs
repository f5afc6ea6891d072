namespace Hostup.Server.Users;

/// <summary>The cookie of a session: out of reach of scripts, gone with the browser, sent over TLS only when it came over TLS.</summary>
internal static class SessionCookie
{
    private const string Name = "hostup-session";

    public static string? Read(HttpRequest request) => request.Cookies.TryGetValue(Name, out string? key) && key.Length > 0 ? key : null;

    public static void Set(HttpContext context, string key) => context.Response.Cookies.Append(Name, key, Options(context));

    public static void Clear(HttpContext context) => context.Response.Cookies.Delete(Name, Options(context));

    private static CookieOptions Options(HttpContext context) =>
        new() { HttpOnly = true, Secure = context.Request.IsHttps, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true };
}
