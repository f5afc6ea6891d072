using System.Globalization;
using System.Net;
using Hostup.Core.Errors;

namespace Hostup.Oci.Registries;

/// <summary>What a registry's answers and broken links mean to an operator.</summary>
internal static class RegistryErrors
{
    public static HostupException Of(HttpResponseMessage answer, string what)
    {
        int status = (int)answer.StatusCode;
        var host = answer.RequestMessage?.RequestUri?.Authority;
        var (code, todo) = answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => (HostupErrors.Unauthorized, "check the user, the password or token and its rights"),
            HttpStatusCode.NotFound => (HostupErrors.NotFound, "check repository, tag and digest"),
            HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout => (HostupErrors.ServerBusy, "try again" + After(answer)),
            _ when status >= 500 => (HostupErrors.ServerBusy, "try again" + After(answer)),
            _ => (HostupErrors.RegistryAnswer, "check the registry's log and its version"),
        };
        return new HostupException(code, $"cannot {what}", $"{host} answered {status} {answer.ReasonPhrase}".TrimEnd(), todo) { RetryAfter = Wait(answer) };
    }

    public static HostupException Link(string what, string why, Exception? inner = null) =>
        new(HostupErrors.Link, $"cannot {what}", why, "check the network; the transfer goes on when it is back", inner);

    /// <summary>Seconds, or a date, which is compared with the server's own clock: a device's may be years off (RFC 9110, 10.2.3).</summary>
    private static TimeSpan? Wait(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when answer.Headers.Date is { } now && date > now => date - now,
        _ => null,
    };

    private static string After(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } delta } => string.Create(CultureInfo.InvariantCulture, $" after {delta.TotalSeconds:0} s"),
        { Date: { } date } => string.Create(CultureInfo.InvariantCulture, $" after {date:u}"),
        _ => " later",
    };
}
