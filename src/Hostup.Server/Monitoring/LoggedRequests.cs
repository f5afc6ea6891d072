namespace Hostup.Server.Monitoring;

/// <summary>Puts the fields of its request to every line that is logged for it.</summary>
internal sealed class LoggedRequests(RequestDelegate next, ILogger<LoggedRequests> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        using (log.BeginScope(new RequestFields(context)))
            await next(context);
    }
}
