using System.Globalization;

namespace Hostup.Server.Monitoring;

/// <summary>Measures each request, by endpoint: addresses name devices, and there are too many of them.</summary>
internal sealed class RequestTimes(RequestDelegate next, ServerMetrics metrics)
{
    /// <summary>In the place of method and endpoint: no endpoint has the address.</summary>
    private const string None = "none";

    public async Task InvokeAsync(HttpContext context)
    {
        long began = TimeProvider.System.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            var endpoint = context.GetEndpoint() as RouteEndpoint;
            metrics.Count(
                endpoint is null ? None : context.Request.Method,
                endpoint?.RoutePattern.RawText ?? None,
                context.Response.StatusCode.ToString(CultureInfo.InvariantCulture),
                TimeProvider.System.GetElapsedTime(began));
        }
    }
}
